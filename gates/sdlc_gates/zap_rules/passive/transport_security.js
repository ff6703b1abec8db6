rule = {
    id: "transport-security",
    number: 905304,
    name: "No Strict-Transport-Security",
    cwe: 319,
    risk: 1,
    confidence: 3,
    description: "A browser may come back over plain HTTP, where the connection can be read and changed.",
    solution: "Send Strict-Transport-Security with a max-age of months over HTTPS.",

    look: function (reply) {
        var set = reply.headers("Strict-Transport-Security").some(function (value) {
            var age = /max-age\s*=\s*"?(\d+)/i.exec(value);
            return age !== null && Number(age[1]) > 0;
        });
        return reply.https && !set ? [{ param: "Strict-Transport-Security", evidence: "" }] : [];
    }
};
