//! A document to be written: elements within elements, and texts.

use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

use super::NAMESPACE;

/// An element that holds a text or other elements.
#[derive(Clone, Debug)]
pub(super) struct Element {
    name: &'static str,
    text: String,
    children: Vec<Element>,
}

impl Element {
    pub(super) fn new(name: &'static str) -> Self {
        Self { name, text: String::new(), children: Vec::new() }
    }

    /// An element that holds this text.
    pub(super) fn text(name: &'static str, text: impl ToString) -> Self {
        Self { text: text.to_string(), ..Self::new(name) }
    }

    #[must_use]
    pub(super) fn with(mut self, child: Self) -> Self {
        self.children.push(child);
        self
    }

    #[must_use]
    pub(super) fn with_all(mut self, children: impl IntoIterator<Item = Self>) -> Self {
        self.children.extend(children);
        self
    }

    /// What the service calls a list: `Quantity`, and `Items` unless it is empty.
    #[must_use]
    pub(super) fn with_items(self, items: Vec<Self>) -> Self {
        let counted = self.with(Self::text("Quantity", items.len()));
        if items.is_empty() { counted } else { counted.with(Self::new("Items").with_all(items)) }
    }

    /// The document with this root, in the service's namespace.
    pub(super) fn into_document(self) -> String {
        let mut writer = Writer::new(Vec::new());
        let declared = writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)));
        let written = declared.and_then(|()| self.write(&mut writer, true));
        written.expect("a vector takes every byte");
        String::from_utf8(writer.into_inner()).expect("names and texts are UTF-8")
    }

    fn write(&self, writer: &mut Writer<Vec<u8>>, is_root: bool) -> io::Result<()> {
        let mut start = BytesStart::new(self.name);
        if is_root {
            start.push_attribute(("xmlns", NAMESPACE));
        }
        writer.write_event(Event::Start(start))?;
        writer.write_event(Event::Text(BytesText::new(&self.text)))?;
        for child in &self.children {
            child.write(writer, false)?;
        }
        writer.write_event(Event::End(BytesEnd::new(self.name)))
    }
}
