//! `junit.xml` read by a strict XML parser, and what XML makes of any text.

use poolgate::report::{self, Report};
use roxmltree::{Document, Node};

/// The XML of `report`.
pub(crate) fn xml_of(report: &Report) -> String {
    String::from_utf8(report::junit(report)).unwrap()
}

/// Parses XML; a text which is not well-formed ends the test.
pub(crate) fn parse(xml: &str) -> Document<'_> {
    Document::parse(xml).unwrap_or_else(|error| panic!("not well-formed: {error}\n{xml:.2000}"))
}

/// All elements of this name, in the document's order.
pub(crate) fn all<'a>(document: &'a Document<'_>, name: &str) -> Vec<Node<'a, 'a>> {
    document.descendants().filter(|node| node.has_tag_name(name)).collect()
}

/// The text right inside `node`; a parser may hand it over in several pieces.
pub(crate) fn text(node: Node<'_, '_>) -> String {
    node.children().filter_map(|child| child.text()).collect()
}

/// How any text should be read back from inside an element: what XML cannot hold is shown as `\xNN`, and each way to
/// end a line is a newline, which is what a reader must make of it (XML 1.0, 2.11).
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

/// How any text should be read back from an attribute: on one line (XML 1.0, 3.3.3).
pub(crate) fn shown_on_a_line(any: &str) -> String {
    shown(any).replace(['\n', '\t'], " ")
}

/// XML 1.0, 2.2: the production `Char`.
fn is_char(c: char) -> bool {
    matches!(u32::from(c), 0x9 | 0xa | 0xd | 0x20..=0xd7ff | 0xe000..=0xfffd | 0x10000..=0x10ffff)
}

#[test]
fn the_parser_of_these_tests_refuses_what_xml_forbids() {
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
