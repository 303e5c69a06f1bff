package dev.polyphase.reports;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

/** What Java's own XML parser reads in a text; it fails on one that is not well-formed. */
record Xml(Element root) {

  static Xml parse(String text) throws Exception {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return new Xml(
        DocumentBuilderFactory.newInstance()
            .newDocumentBuilder()
            .parse(new ByteArrayInputStream(bytes))
            .getDocumentElement());
  }

  List<Element> all(String name) {
    NodeList nodes = root.getElementsByTagName(name);
    List<Element> elements = new ArrayList<>();
    for (int i = 0; i < nodes.getLength(); i++) {
      elements.add((Element) nodes.item(i));
    }
    return elements;
  }

  List<String> texts(String name) {
    return all(name).stream().map(Element::getTextContent).toList();
  }

  /** The boxes that stand for modules. */
  List<Element> modules() {
    return all("rect").stream()
        .filter(rect -> rect.getElementsByTagName("title").getLength() == 1)
        .toList();
  }

  static int number(Element element, String attribute) {
    return Integer.parseInt(element.getAttribute(attribute));
  }
}
