//! The text format of Prometheus, as the switch writes it.

/// One line.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Of the metric.
    pub name: String,
    /// In the order of the line.
    pub labels: Vec<(String, String)>,
    /// Its value.
    pub value: f64,
}

impl Sample {
    /// A label; empty where it has none of that name.
    pub fn label(&self, name: &str) -> &str {
        let found = self.labels.iter().find(|(label, _)| label == name);
        found.map_or("", |(_, value)| value)
    }
}

/// All lines of a page.
#[derive(Debug, Clone, Default)]
pub struct Samples(Vec<Sample>);

impl Samples {
    /// Reads a page. Lines that are none are left out.
    pub fn read(page: &str) -> Self {
        let lines = page.lines().filter(|line| !line.starts_with('#'));
        Self(lines.filter_map(sample).collect())
    }

    /// Those of a metric.
    pub fn of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Sample> {
        self.0.iter().filter(move |sample| sample.name == name)
    }

    /// The sum of a metric over all its labels; `None` where it is not there.
    pub fn sum(&self, name: &str) -> Option<f64> {
        let mut values = self.of(name).map(|sample| sample.value);
        let first = values.next()?;
        Some(values.fold(first, |sum, value| sum + value))
    }
}

fn sample(line: &str) -> Option<Sample> {
    let (name, rest) = match line.find(['{', ' ']) {
        Some(at) if line[at..].starts_with('{') => (&line[..at], &line[at + 1..]),
        Some(at) => {
            return Some(Sample {
                name: line[..at].to_owned(),
                labels: Vec::new(),
                value: line[at..].trim().parse().ok()?,
            });
        }
        None => return None,
    };
    let mut labels = Vec::new();
    let mut rest = rest;
    loop {
        rest = rest.trim_start_matches(',');
        if let Some(value) = rest.strip_prefix('}') {
            return Some(Sample {
                name: name.to_owned(),
                labels,
                value: value.trim().parse().ok()?,
            });
        }
        let (label, quoted) = rest.split_once("=\"")?;
        let mut value = String::new();
        let mut letters = quoted.char_indices();
        let end = loop {
            match letters.next()? {
                (at, '"') => break at,
                (_, '\\') => match letters.next()?.1 {
                    'n' => value.push('\n'),
                    letter => value.push(letter),
                },
                (_, letter) => value.push(letter),
            }
        };
        labels.push((label.to_owned(), value));
        rest = &quoted[end + 1..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_labels_and_values_are_read() {
        let page = "# HELP a x\na 1\nb{x=\"1\",y=\"a \\\"b\\\" {c}, d\"} 2.5\nb{x=\"2\",y=\"\"} 3e2\nbad\nb{x=\"1\"\n";
        let samples = Samples::read(page);
        assert_eq!(samples.sum("a"), Some(1.0));
        assert_eq!(samples.sum("b"), Some(302.5));
        assert_eq!(samples.sum("c"), None);
        let first = samples.of("b").next().unwrap();
        assert_eq!(
            (first.label("x"), first.label("y"), first.label("z")),
            ("1", "a \"b\" {c}, d", "")
        );
    }
}
