//! The tags of an XML text and their attributes, as far as XMP has them: no DTD, no entities.

use std::ops::Range;

use memchr::{memchr, memmem};

/// A start or end tag.
pub(super) struct Tag<'a> {
    pub(super) name: &'a [u8],
    /// From `<` to behind `>`.
    pub(super) range: Range<usize>,
    /// Whether it begins an element.
    pub(super) opens: bool,
    closed: bool,
}

impl Tag<'_> {
    /// Whether it is an element without content (`<a/>`).
    pub(super) const fn is_empty(&self) -> bool {
        self.opens && self.closed
    }
}

/// The tags of a text, in order. Comments, instructions and character data are passed over; a tag without an end ends the
/// walk.
pub(super) struct Tags<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Tags<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0 }
    }

    /// The offset behind the next `end` from `from` on.
    fn behind(&self, from: usize, end: &[u8]) -> Option<usize> {
        Some(from + memmem::find(self.text.get(from..)?, end)? + end.len())
    }
}

impl<'a> Iterator for Tags<'a> {
    type Item = Tag<'a>;

    fn next(&mut self) -> Option<Tag<'a>> {
        loop {
            let start = self.at + memchr(b'<', self.text.get(self.at..)?)?;
            let rest = self.text.get(start..)?;
            if rest.starts_with(b"<!--") {
                self.at = self.behind(start + 4, b"-->")?;
            } else if rest.starts_with(b"<![CDATA[") {
                self.at = self.behind(start + 9, b"]]>")?;
            } else if rest.starts_with(b"<?") {
                self.at = self.behind(start + 2, b"?>")?;
            } else if rest.starts_with(b"<!") {
                self.at = self.behind(start + 2, b">")?;
            } else {
                let end = start + tag_len(rest)?;
                self.at = end;
                let opens = rest.get(1) != Some(&b'/');
                let from = start + 1 + usize::from(!opens);
                let inside = self.text.get(from..end - 1)?;
                let len = inside
                    .iter()
                    .position(|b| b.is_ascii_whitespace() || *b == b'/')
                    .unwrap_or(inside.len());
                return Some(Tag {
                    name: &inside[..len],
                    range: start..end,
                    opens,
                    closed: inside.ends_with(b"/"),
                });
            }
        }
    }
}

/// The length of the tag that a text begins with: to the first `>` outside quotes.
fn tag_len(text: &[u8]) -> Option<usize> {
    let mut quote = None;
    for (i, &b) in text.iter().enumerate() {
        match (quote, b) {
            (None, b'"' | b'\'') => quote = Some(b),
            (Some(q), b) if q == b => quote = None,
            (None, b'>') => return Some(i + 1),
            _ => {}
        }
    }
    None
}

/// An attribute of a tag.
pub(super) struct Attribute<'a> {
    pub(super) name: &'a [u8],
    /// Its value, between the quotes.
    pub(super) value: Range<usize>,
    /// All of it, with the space before it.
    pub(super) range: Range<usize>,
}

/// The attributes of a start tag, in order.
pub(super) struct Attributes<'a> {
    text: &'a [u8],
    at: usize,
    end: usize,
}

impl<'a> Attributes<'a> {
    pub(super) fn of(text: &'a [u8], tag: &Tag<'_>) -> Self {
        let at = if tag.opens {
            tag.range.start + 1 + tag.name.len()
        } else {
            tag.range.end
        };
        Self {
            text,
            at,
            end: tag.range.end,
        }
    }

    fn skip_space(&self, mut at: usize) -> usize {
        while at < self.end && self.text.get(at).is_some_and(u8::is_ascii_whitespace) {
            at += 1;
        }
        at
    }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = Attribute<'a>;

    fn next(&mut self) -> Option<Attribute<'a>> {
        let start = self.at;
        let name_at = self.skip_space(start);
        let rest = self.text.get(name_at..self.end)?;
        let len = rest.iter().position(|b| b.is_ascii_whitespace() || *b == b'=')?;
        let equals = self.skip_space(name_at + len);
        if self.text.get(equals) != Some(&b'=') || len == 0 {
            return None;
        }
        let open = self.skip_space(equals + 1);
        let quote = *self.text.get(open).filter(|q| matches!(q, b'"' | b'\''))?;
        let value_at = open + 1;
        let value_len = memchr(quote, self.text.get(value_at..self.end)?)?;
        let close = value_at + value_len;
        self.at = close + 1;
        Some(Attribute {
            name: &rest[..len],
            value: value_at..close,
            range: start..close + 1,
        })
    }
}
