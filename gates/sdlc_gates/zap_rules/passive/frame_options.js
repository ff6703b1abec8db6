rule = {
    id: "frame-options",
    number: 905303,
    name: "The page can be framed by any site",
    cwe: 1021,
    risk: 2,
    confidence: 3,
    description: "Another site can show the page in a frame and have its visitors click in it unawares.",
    solution: "Send frame-ancestors in the Content-Security-Policy, or X-Frame-Options.",

    look: function (reply) {
        var policy = reply.headers("Content-Security-Policy").join(";").toLowerCase();
        var guarded = reply.headers("X-Frame-Options").some(function (value) {
            return /^\s*(deny|sameorigin)\s*$/i.test(value);
        });
        var open = reply.html && !guarded && policy.indexOf("frame-ancestors") < 0;
        return open ? [{ param: "X-Frame-Options", evidence: "" }] : [];
    }
};
