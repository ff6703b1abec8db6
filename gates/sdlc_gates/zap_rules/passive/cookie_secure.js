rule = {
    id: "cookie-secure",
    number: 905307,
    name: "Cookie without Secure over HTTPS",
    cwe: 614,
    risk: 1,
    confidence: 3,
    description: "The browser also sends the cookie over plain HTTP, where it can be read.",
    solution: "Set Secure on every cookie.",

    look: function (reply) {
        return reply.https ? without("secure", reply.cookies()) : [];
    }
};
