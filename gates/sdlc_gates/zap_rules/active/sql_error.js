rule = {
    id: "sql-error",
    name: "SQL injection (a database error after a stray quote)",
    cwe: 89,
    risk: 3,
    confidence: 2,
    description: "A quote in a parameter makes the database complain about the statement, so the value is part of it.",
    solution: "Bind values as parameters instead of writing them into the statement, and show no database error.",

    complaints: [
        // SQLite
        /unrecognized token: \S+/, /near "[^"]*": syntax error/, /sqlite3\.(Operational|Programming)Error/,
        // MySQL and MariaDB
        /You have an error in your SQL syntax/, /check the manual that corresponds to your (MySQL|MariaDB)/,
        // PostgreSQL
        /unterminated quoted string at or near/, /syntax error at or near/, /PG::SyntaxError/,
        // Oracle, SQL Server, Db2
        /\bORA-\d{5}\b/, /Unclosed quotation mark after the character string/, /Incorrect syntax near/,
        /\bSQLCODE=-\d+, SQLSTATE=\d{5}/,
        // Drivers
        /java\.sql\.SQLSyntaxErrorException/, /System\.Data\.SqlClient\.SqlException/,
        /psycopg2?\.errors\.SyntaxError/, /SQLSTATE\[42000\]/
    ],

    probe: function (target, value) {
        return this.disturb(target, value + "'") || this.disturb(target, value + "\"");
    },

    disturb: function (target, payload) {
        var reply = target.send(payload);
        for (var i = 0; i < this.complaints.length; i++) {
            var seen = this.complaints[i].exec(reply.body);
            if (seen !== null && !this.complaints[i].test(target.before)) {
                return { attack: payload, evidence: seen[0], reply: reply };
            }
        }
        return null;
    }
};
