from django.http import HttpResponse
from ldap3 import Connection


def find(request, server):
    with Connection(server) as directory:
        directory.search("dc=shop", "(&(uid=%s)(active=1))" % request.GET["uid"])  # bad
        directory.search("dc=shop", search_filter="(cn={})".format(request.GET["cn"]))  # bad
        return HttpResponse(str(directory.entries))
