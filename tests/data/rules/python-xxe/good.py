import xml.etree.ElementTree as ElementTree
import xml.sax
from xml.sax.handler import feature_external_ges

from lxml import etree


def parse(data):
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    return etree.fromstring(data, parser)


def plain(data):
    return ElementTree.fromstring(data)


def events(stream):
    reader = xml.sax.make_parser()
    reader.setFeature(feature_external_ges, False)
    reader.parse(stream)
