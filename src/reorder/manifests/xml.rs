//! The elements of an XML file, as far as a pom.xml needs it: no namespaces, no entities of its own.

/// An element without its children.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Element {
    /// The names that lead to it, `project/parent/version`.
    pub(super) path: String,
    /// The text that stands in it, its children's left out.
    pub(super) text: String,
}

/// The elements in the order in which they end; `None` where there are none, or the text is not well formed or declares
/// entities.
pub(super) fn elements(text: &str) -> Option<Vec<Element>> {
    let mut found = Vec::new();
    let mut open: Vec<(&str, String)> = Vec::new();
    let mut rest = text;
    while let Some((before, tag)) = rest.split_once('<') {
        if let Some((_, own)) = open.last_mut() {
            own.push_str(before);
        }
        if let Some(comment) = tag.strip_prefix("!--") {
            rest = comment.split_once("-->")?.1;
        } else if let Some(raw) = tag.strip_prefix("![CDATA[") {
            let (own, after) = raw.split_once("]]>")?;
            open.last_mut()?.1.push_str(own);
            rest = after;
        } else if let Some(instruction) = tag.strip_prefix('?') {
            rest = instruction.split_once("?>")?.1;
        } else if tag.starts_with('!') {
            return None;
        } else {
            let (inner, after) = tag.split_once('>')?;
            rest = after;
            let name = inner.trim_matches('/').split_whitespace().next()?;
            if !inner.starts_with('/') {
                open.push((name, String::new()));
            }
            if inner.starts_with('/') || inner.ends_with('/') {
                if open.last()?.0 != name {
                    return None;
                }
                let names: Vec<&str> = open.iter().map(|(name, _)| *name).collect();
                let path = names.join("/");
                let text = open.pop()?.1.trim().to_owned();
                found.push(Element { path, text });
            }
        }
    }
    (open.is_empty() && !found.is_empty()).then_some(found)
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
                Some(&[("a/b", "1"), ("a/c", ""), ("a", "")]),
            ),
            ("<a><b><![CDATA[<x>]]></b></a>", Some(&[("a/b", "<x>"), ("a", "")])),
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
