//! The Markdown of lessons as blocks, for terminals and pages alike.
//!
//! Headings, paragraphs, lists, code, quotes, tables, emphasis and links; anything else is shown as its text.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use unicode_width::UnicodeWidthStr as _;

/// One block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// A heading.
    Heading(Vec<Span>),
    /// A paragraph.
    Paragraph(Vec<Span>),
    /// An item of a list: its depth from 0, its mark (`-`, `1.`), its text.
    Item(usize, String, Vec<Span>),
    /// Lines of code, and the language named for them.
    Code(String, Vec<String>),
    /// A quote.
    Quote(Vec<Span>),
    /// A table: rows of cells, the head first.
    Table(Vec<Vec<Vec<Span>>>),
}

/// A piece of text in one style.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// The text.
    pub text: String,
    /// Its style.
    pub style: Style,
}

/// How a piece of text is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// As it is.
    Plain,
    /// `*so*`
    Emphasis,
    /// `**so**`
    Strong,
    /// `` `so` ``
    Code,
}

/// Reads Markdown.
pub fn parse(text: &str) -> Vec<Block> {
    let mut reader = Reader::default();
    for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
        reader.event(event);
    }
    reader.blocks
}

/// Makes a text read in Markdown as it stands.
pub fn literal(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if matches!(c, '*' | '_' | '`' | '[' | ']' | '<' | '>' | '\\' | '#' | '&' | '|' | '~') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// The addresses that a text links to.
pub fn links(text: &str) -> Vec<String> {
    Parser::new_ext(text, Options::ENABLE_TABLES)
        .filter_map(|e| match e {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                Some(dest_url.to_string())
            }
            _ => None,
        })
        .collect()
}

#[derive(Default)]
struct Reader {
    blocks: Vec<Block>,
    spans: Vec<Span>,
    styles: Vec<Style>,
    lists: Vec<Option<u64>>,
    marks: Vec<String>,
    quotes: usize,
    code: Option<(String, String)>,
    link: Option<String>,
    rows: Vec<Vec<Vec<Span>>>,
    row: Vec<Vec<Span>>,
}

impl Reader {
    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(t) | Event::Html(t) | Event::InlineHtml(t) => match &mut self.code {
                Some((_, code)) => code.push_str(&t),
                None => self.push(&t, None),
            },
            Event::Code(t) => self.push(&t, Some(Style::Code)),
            Event::SoftBreak | Event::HardBreak => self.push(" ", None),
            _ => {}
        }
    }

    fn push(&mut self, text: &str, style: Option<Style>) {
        let style = style.or(self.styles.last().copied()).unwrap_or(Style::Plain);
        match self.spans.last_mut() {
            Some(last) if last.style == style => last.text.push_str(text),
            _ => self.spans.push(Span { text: text.to_string(), style }),
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Emphasis => self.styles.push(Style::Emphasis),
            Tag::Strong => self.styles.push(Style::Strong),
            Tag::List(first) => {
                self.flush();
                self.lists.push(first);
            }
            Tag::Item => {
                let mark = match self.lists.last_mut() {
                    Some(Some(n)) => {
                        *n += 1;
                        format!("{}.", *n - 1)
                    }
                    _ => "-".to_string(),
                };
                self.marks.push(mark);
            }
            Tag::BlockQuote(_) => self.quotes += 1,
            Tag::CodeBlock(kind) => {
                self.flush();
                let language = match kind {
                    pulldown_cmark::CodeBlockKind::Fenced(l) => l.to_string(),
                    pulldown_cmark::CodeBlockKind::Indented => String::new(),
                };
                self.code = Some((language, String::new()));
            }
            Tag::Link { dest_url, .. } => self.link = Some(dest_url.to_string()),
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Emphasis | TagEnd::Strong => {
                self.styles.pop();
            }
            TagEnd::Paragraph => self.flush(),
            TagEnd::Heading(_) => {
                let spans = std::mem::take(&mut self.spans);
                self.blocks.push(Block::Heading(spans));
            }
            TagEnd::Item => {
                self.flush();
                self.marks.pop();
            }
            TagEnd::List(_) => {
                self.lists.pop();
            }
            TagEnd::BlockQuote(_) => self.quotes = self.quotes.saturating_sub(1),
            TagEnd::CodeBlock => {
                if let Some((language, code)) = self.code.take() {
                    self.blocks.push(Block::Code(language, code.lines().map(String::from).collect()));
                }
            }
            TagEnd::Link => {
                // A web address is shown; a link to another lesson reads well without.
                if let Some(url) = self.link.take().filter(|u| u.starts_with("http")) {
                    self.push(&format!(" ({url})"), None);
                }
            }
            TagEnd::TableCell => {
                let cell = std::mem::take(&mut self.spans);
                self.row.push(cell);
            }
            TagEnd::TableHead | TagEnd::TableRow => {
                let row = std::mem::take(&mut self.row);
                self.rows.push(row);
            }
            TagEnd::Table => {
                let rows = std::mem::take(&mut self.rows);
                self.blocks.push(Block::Table(rows));
            }
            _ => {}
        }
    }

    fn flush(&mut self) {
        if self.spans.is_empty() {
            return;
        }
        let spans = std::mem::take(&mut self.spans);
        self.blocks.push(match self.marks.last_mut() {
            Some(mark) => {
                // What follows in the same item is set under its text, without a mark.
                let shown = std::mem::take(mark);
                Block::Item(self.lists.len().saturating_sub(1), shown, spans)
            }
            None if self.quotes > 0 => Block::Quote(spans),
            None => Block::Paragraph(spans),
        });
    }
}

/// Breaks spans into lines of at most `width` columns, at blanks.
pub fn wrap(spans: &[Span], width: usize) -> Vec<Vec<Span>> {
    let width = width.max(8);
    let mut lines: Vec<Vec<Span>> = vec![Vec::new()];
    let mut column = 0;
    for (word, style, blank) in words(spans) {
        let w = word.width();
        if column > 0 && column + usize::from(blank) + w > width {
            lines.push(Vec::new());
            column = 0;
        } else if blank && column > 0 {
            add(&mut lines, " ", style);
            column += 1;
        }
        add(&mut lines, &word, style);
        column += w;
    }
    lines
}

fn add(lines: &mut [Vec<Span>], text: &str, style: Style) {
    let Some(line) = lines.last_mut() else { return };
    match line.last_mut() {
        Some(last) if last.style == style => last.text.push_str(text),
        // A blank between two styles belongs to neither.
        Some(_) if text == " " => line.push(Span { text: " ".into(), style: Style::Plain }),
        _ => line.push(Span { text: text.to_string(), style }),
    }
}

/// Words with their style, and whether a blank stands before them. A piece of code is broken at blanks too.
fn words(spans: &[Span]) -> Vec<(String, Style, bool)> {
    let mut out: Vec<(String, Style, bool)> = Vec::new();
    let mut blank = false;
    for span in spans {
        let mut rest = span.text.as_str();
        while !rest.is_empty() {
            let trimmed = rest.trim_start_matches([' ', '\n']);
            blank |= trimmed.len() < rest.len();
            let end = trimmed.find([' ', '\n']).unwrap_or(trimmed.len());
            if end > 0 {
                out.push((trimmed[..end].to_string(), span.style, blank));
                blank = false;
            }
            rest = &trimmed[end..];
        }
    }
    out
}

/// Writes blocks as plain text of at most `width` columns; code keeps its backquotes, emphasis its stars.
pub fn plain(text: &str, width: usize) -> String {
    let mut out = String::new();
    let blocks = parse(text);
    for (i, block) in blocks.iter().enumerate() {
        let follows_item =
            matches!((block, i.checked_sub(1).map(|p| &blocks[p])), (Block::Item(..), Some(Block::Item(..))));
        if i > 0 && !follows_item {
            out.push('\n');
        }
        match block {
            Block::Heading(spans) => {
                let line = marked(spans);
                out.push_str(&format!("{line}\n{}\n", "-".repeat(line.width())));
            }
            Block::Paragraph(spans) => lines(&mut out, spans, "", "", width),
            Block::Item(depth, mark, spans) => {
                let indent = " ".repeat(2 + depth * 2);
                let first = if mark.is_empty() { format!("{indent}  ") } else { format!("{indent}{mark} ") };
                lines(&mut out, spans, &first, &" ".repeat(first.len()), width);
            }
            Block::Code(_, code) => code.iter().for_each(|l| out.push_str(&format!("    {l}\n"))),
            Block::Quote(spans) => lines(&mut out, spans, "  | ", "  | ", width),
            Block::Table(rows) => out.push_str(&table(rows)),
        }
    }
    out
}

fn lines(out: &mut String, spans: &[Span], first: &str, rest: &str, width: usize) {
    let with_marks: Vec<Span> = spans.iter().map(|s| Span { text: mark(s), style: Style::Plain }).collect();
    for (i, line) in wrap(&with_marks, width.saturating_sub(rest.len())).iter().enumerate() {
        out.push_str(if i == 0 { first } else { rest });
        for span in line {
            out.push_str(&span.text);
        }
        out.push('\n');
    }
}

fn mark(span: &Span) -> String {
    match span.style {
        Style::Plain => span.text.clone(),
        Style::Emphasis => format!("*{}*", span.text),
        Style::Strong => format!("**{}**", span.text),
        Style::Code => format!("`{}`", span.text),
    }
}

fn marked(spans: &[Span]) -> String {
    spans.iter().map(mark).collect()
}

/// Columns of a table, wide enough for their widest cell.
pub fn table_widths(rows: &[Vec<Vec<Span>>]) -> Vec<usize> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    (0..columns)
        .map(|c| rows.iter().filter_map(|r| r.get(c)).map(|cell| marked(cell).width()).max().unwrap_or(0))
        .collect()
}

fn table(rows: &[Vec<Vec<Span>>]) -> String {
    let widths = table_widths(rows);
    let mut out = String::new();
    for (i, row) in rows.iter().enumerate() {
        let mut line = String::from(" ");
        for (cell, width) in row.iter().zip(&widths) {
            let text = marked(cell);
            line.push_str(&format!(" {text}{} ", " ".repeat(width.saturating_sub(text.width()))));
        }
        out.push_str(line.trim_end());
        out.push('\n');
        if i == 0 {
            let rule: Vec<String> = widths.iter().map(|w| "-".repeat(*w)).collect();
            out.push_str(&format!("  {}\n", rule.join("  ")));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_set_in_its_width() {
        let text = "# Head\n\nOne two `three four` **five** six seven eight.\n\n- a\n- b b b b b b b b b b\n\n```\nRUN x\n```\n\n> q\n\n| a | bb |\n|---|----|\n| c | d |\n";
        assert_eq!(
            plain(text, 24),
            "Head\n----\n\nOne two `three four`\n**five** six seven\neight.\n\n  - a\n  - b b b b b b b b b b\n\n    RUN x\n\n  | q\n\n  a  bb\n  -  --\n  c  d\n"
        );
    }

    #[test]
    fn numbered_lists_count_and_links_show_web_addresses() {
        assert_eq!(plain("1. a\n2. b\n", 40), "  1. a\n  2. b\n");
        assert_eq!(plain("[x](https://y.z) [l](../03-changes)\n", 40), "x (https://y.z) l\n");
        assert_eq!(links("[x](https://y.z) [l](../03-changes)"), ["https://y.z", "../03-changes"]);
    }
}
