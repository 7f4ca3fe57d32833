//! The elements of an XML file, as far as a pom.xml needs it: no namespaces, no entities of its own.

use roxmltree::{Document, Node};

/// An element without its children.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Element {
    /// The names that lead to it, `project/parent/version`.
    pub(super) path: String,
    /// The text that stands in it, its children's left out.
    pub(super) text: String,
}

/// The elements in their order; `None` where the text is not well formed or declares a type, which could define entities.
pub(super) fn elements(text: &str) -> Option<Vec<Element>> {
    let document = Document::parse(text).ok()?;
    let elements = document.descendants().filter(Node::is_element);
    Some(elements.map(|element| Element { path: path_of(element), text: text_of(element) }).collect())
}

fn path_of(element: Node<'_, '_>) -> String {
    let mut names: Vec<&str> =
        element.ancestors().filter(Node::is_element).map(|above| above.tag_name().name()).collect();
    names.reverse();
    names.join("/")
}

fn text_of(element: Node<'_, '_>) -> String {
    let text: String = element.children().filter(Node::is_text).filter_map(|child| child.text()).collect();
    text.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The path and the text of each element.
    type Read<'a> = Option<&'a [(&'a str, &'a str)]>;

    #[test]
    fn elements_are_read_or_the_text_is_refused() {
        let table: &[(&str, Read<'_>)] = &[
            ("<a/>", Some(&[("a", "")])),
            (
                "<?xml version=\"1.0\"?>\n<a x=\"y\"><!-- <b>0</b> --><b> 1 </b><c /></a>\n",
                Some(&[("a", ""), ("a/b", "1"), ("a/c", "")]),
            ),
            ("<a><b><![CDATA[<x>]]></b></a>", Some(&[("a", ""), ("a/b", "<x>")])),
            ("<a><b></a></b>", None),
            ("<a>", None),
            ("<!DOCTYPE a><a/>", None),
            ("<a><!-- </a>", None),
            ("text", None),
        ];
        for (text, expected) in table {
            let read = elements(text);
            let pairs: Option<Vec<(&str, &str)>> = read
                .as_ref()
                .map(|all| all.iter().map(|one| (one.path.as_str(), one.text.as_str())).collect());
            assert_eq!(pairs.as_deref(), *expected, "{text}");
        }
    }
}
