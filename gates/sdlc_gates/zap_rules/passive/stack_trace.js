rule = {
    id: "stack-trace",
    number: 905309,
    // A trace that an attack brings out is one all the same.
    provoked: true,
    name: "Stack trace in a reply",
    cwe: 209,
    risk: 1,
    confidence: 2,
    description: "The reply shows the inside of the program: files, functions, versions.",
    solution: "Turn debug pages off, log the trace, and show the user a reference to it.",

    traces: [
        // Python, Java, .NET, Node, PHP, Ruby, Go
        /Traceback \(most recent call last\):/,
        /\bat [\w$.]+\([\w$]+\.java:\d+\)/,
        /\bat [\w.<>]+\([^)]*\) in [^\s:]+(:\\[^\s:]+)?:line \d+/,
        /\bat [^\n(]*\((\/|[A-Z]:\\|node:)[^)]*:\d+:\d+\)/,
        /PHP (Fatal|Parse) error: .{1,200} on line \d+/,
        /[\w\/]+\.rb:\d+:in [`'][^'\n]+'/,
        /goroutine \d+ \[running\]:/
    ],

    look: function (reply) {
        var body = reply.body();
        for (var i = 0; i < this.traces.length; i++) {
            var seen = this.traces[i].exec(body);
            if (seen !== null) {
                return [{ param: "", evidence: seen[0] }];
            }
        }
        return [];
    }
};
