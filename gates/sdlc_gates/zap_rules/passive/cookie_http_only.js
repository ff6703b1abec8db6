rule = {
    id: "cookie-http-only",
    number: 905305,
    name: "Cookie without HttpOnly",
    cwe: 1004,
    risk: 1,
    confidence: 2,
    description: "Scripts of the page can read the cookie, so an injected one can steal it.",
    solution: "Set HttpOnly on every cookie that no script of your own reads.",

    look: function (reply) {
        return without("httponly", reply.cookies());
    }
};
