//! The fields of a form, or of the query of an address, as a browser sends them.

use zeroize::Zeroizing;

/// The fields of a form. Wiped when dropped: a token or a card number may stand in it.
#[derive(Clone, Default)]
pub struct Posted(Vec<(String, Zeroizing<String>)>);

impl Posted {
    /// From a body, or from the query of an address.
    pub fn parse(body: &[u8]) -> Self {
        let fields = url::form_urlencoded::parse(body);
        Self(
            fields
                .map(|(name, value)| (name.into_owned(), Zeroizing::new(value.into_owned())))
                .collect(),
        )
    }

    /// A field without the spaces around it; empty where it is absent. Of several with the same name the first counts.
    pub fn text(&self, name: &str) -> &str {
        let field = self.0.iter().find(|(field, _)| field == name);
        field.map_or("", |(_, value)| value.trim())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_several_fields_counts() {
        let posted = Posted::parse(b"a=+1+&a=2&b=");
        assert_eq!(
            (posted.text("a"), posted.text("b"), posted.text("c")),
            ("1", "", "")
        );
    }
}
