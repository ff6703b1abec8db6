rule = {
    id: "cookie-same-site",
    number: 905306,
    name: "Cookie without SameSite",
    cwe: 1275,
    risk: 1,
    confidence: 2,
    description: "The browser's default decides whether other sites' requests carry the cookie.",
    solution: "Set SameSite=Lax or SameSite=Strict.",

    look: function (reply) {
        return without("samesite", reply.cookies());
    }
};
