import xml.sax
from xml.sax.handler import feature_external_ges

from lxml import etree


def parse(data):
    parser = etree.XMLParser(resolve_entities=True)  # bad
    return etree.fromstring(data, parser)


def with_schema(data):
    return etree.fromstring(data, etree.XMLParser(load_dtd=True, no_network=False))  # bad


def events(stream, handler):
    reader = xml.sax.make_parser()
    reader.setFeature(feature_external_ges, True)  # bad
    reader.setContentHandler(handler)
    reader.parse(stream)
