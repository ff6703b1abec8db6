rule = {
    id: "server-banner",
    number: 905308,
    name: "The server tells its version",
    cwe: 497,
    risk: 1,
    confidence: 3,
    description: "A version number tells which published weaknesses to try.",
    solution: "Leave the version out of Server, and X-Powered-By and its like away altogether.",

    look: function (reply) {
        var tells = { "Server": /\/\d/, "X-Powered-By": /./, "X-AspNet-Version": /./, "X-AspNetMvc-Version": /./ };
        var seen = [];
        Object.keys(tells).forEach(function (name) {
            reply.headers(name).forEach(function (value) {
                if (tells[name].test(value)) {
                    seen.push({ param: name, evidence: value });
                }
            });
        });
        return seen;
    }
};
