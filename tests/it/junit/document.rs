//! Parses `junit.xml` with a strict XML parser, and computes the expected form of any text in XML.

use poolgate::report::{self, Report};
use roxmltree::{Document, Node};

/// Returns the XML of `report`.
pub(crate) fn xml_of(report: &Report) -> String {
    String::from_utf8(report::junit(report)).unwrap()
}

/// Parses XML. Panics if the text is not well-formed.
pub(crate) fn parse(xml: &str) -> Document<'_> {
    Document::parse(xml).unwrap_or_else(|error| panic!("not well-formed: {error}\n{xml:.2000}"))
}

/// Returns all elements with this name, in document order.
pub(crate) fn all<'a>(document: &'a Document<'_>, name: &str) -> Vec<Node<'a, 'a>> {
    document.descendants().filter(|node| node.has_tag_name(name)).collect()
}

/// Returns the text directly inside `node`; a parser may split it into several pieces.
pub(crate) fn text(node: Node<'_, '_>) -> String {
    node.children().filter_map(|child| child.text()).collect()
}

/// Returns the expected text of an element for any input. Characters that XML forbids become `\xNN`, and each kind of
/// line end becomes a newline, as for every XML reader (XML 1.0, 2.11).
pub(crate) fn shown(any: &str) -> String {
    any.replace("\r\n", "\n").replace('\r', "\n").chars().fold(String::new(), |mut shown, c| {
        if is_char(c) {
            shown.push(c);
        } else {
            shown.push_str(&format!("\\x{:02x}", c as u32));
        }
        shown
    })
}

/// Returns the expected text of an attribute for any input: on one line (XML 1.0, 3.3.3).
pub(crate) fn shown_on_a_line(any: &str) -> String {
    shown(any).replace(['\n', '\t'], " ")
}

/// XML 1.0, 2.2: the production `Char`.
fn is_char(c: char) -> bool {
    matches!(u32::from(c), 0x9 | 0xa | 0xd | 0x20..=0xd7ff | 0xe000..=0xfffd | 0x10000..=0x10ffff)
}

#[test]
fn the_parser_of_these_tests_refuses_forbidden_xml() {
    for bad in ["\0", "\u{b}", "\u{1b}", "\u{fffe}", "\u{ffff}", "]]>", "&", "<"] {
        assert!(Document::parse(&format!("<a>{bad}</a>")).is_err(), "{bad:?} as text");
    }
    for bad in ["\0", "\u{1b}", "\u{fffe}", "\u{ffff}"] {
        assert!(Document::parse(&format!("<a><![CDATA[{bad}]]></a>")).is_err(), "{bad:?} as CDATA");
    }
    for bad in ["\0", "\u{1b}", "\u{fffe}", "\u{ffff}", "<", "&", "\""] {
        assert!(Document::parse(&format!("<a b=\"{bad}\"/>")).is_err(), "{bad:?} as an attribute");
    }
}
