import xml.sax.handler

from lxml import etree


def events(source, reader):
    reader.setFeature(xml.sax.handler.feature_external_ges, 1)  # bad
    reader.setFeature(xml.sax.handler.feature_external_pes, True)  # bad
    return etree.iterparse(source, resolve_entities=True)  # bad
