//! A picture as shapes with places, rounded to tenths; the template writes it as inline SVG.

/// One picture.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Drawing {
    /// Its name on the page, where every picture has its own.
    pub(crate) id: String,
    pub(crate) fit: Fit,
    /// What it shows, for who cannot see it.
    pub(crate) title: String,
    pub(crate) desc: String,
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) marks: Vec<Mark>,
}

/// How a picture takes its place on the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fit {
    /// As wide as the text; scrolls where the page is narrower.
    Wide,
    /// One of several that stand side by side where there is room.
    Panel,
}

/// One shape. A title is what it shows, seen when the pointer is on it; it may be empty.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Mark {
    Rect { x: f64, y: f64, width: f64, height: f64, fill: String, title: String },
    Path { d: String, class: &'static str, fill: String, title: String },
    Line { x1: f64, y1: f64, x2: f64, y2: f64, class: &'static str },
    Dot { x: f64, y: f64, r: f64, class: &'static str, title: String },
    Text { x: f64, y: f64, class: &'static str, anchor: Anchor, is_leaning: bool, text: String },
}

/// Where a text stands on its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

impl Anchor {
    /// The value of SVG's `text-anchor`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        }
    }
}

/// A place to a tenth, so that files stay small and the same everywhere.
pub(super) fn px(at: f64) -> f64 {
    (at * 10.0).round() / 10.0 + 0.0
}

impl Drawing {
    pub(super) fn new(fit: Fit, title: String, desc: &str, width: f64, height: f64) -> Self {
        let (width, height) = (px(width), px(height));
        Drawing {
            id: String::new(),
            fit,
            title,
            desc: desc.to_owned(),
            width,
            height,
            marks: Vec::new(),
        }
    }

    /// The picture under this name.
    pub(super) fn named(self, id: &str) -> Self {
        Drawing { id: id.to_owned(), ..self }
    }

    pub(super) fn rect(
        &mut self,
        (x, y): (f64, f64),
        (width, height): (f64, f64),
        fill: impl Into<String>,
        title: String,
    ) {
        let (width, height) = (px(width.max(0.0)), px(height.max(0.0)));
        self.marks.push(Mark::Rect { x: px(x), y: px(y), width, height, fill: fill.into(), title });
    }

    pub(super) fn path(&mut self, d: String, class: &'static str, fill: &str, title: String) {
        self.marks.push(Mark::Path { d, class, fill: fill.to_owned(), title });
    }

    pub(super) fn line(&mut self, (x1, y1): (f64, f64), (x2, y2): (f64, f64), class: &'static str) {
        self.marks.push(Mark::Line { x1: px(x1), y1: px(y1), x2: px(x2), y2: px(y2), class });
    }

    pub(super) fn dot(&mut self, (x, y): (f64, f64), r: f64, class: &'static str, title: String) {
        self.marks.push(Mark::Dot { x: px(x), y: px(y), r, class, title });
    }

    pub(super) fn text(
        &mut self,
        (x, y): (f64, f64),
        anchor: Anchor,
        class: &'static str,
        text: impl Into<String>,
    ) {
        let (x, y, text) = (px(x), px(y), text.into());
        self.marks.push(Mark::Text { x, y, class, anchor, is_leaning: false, text });
    }

    /// A text that leans, above a column too narrow for it.
    pub(super) fn leaning(&mut self, (x, y): (f64, f64), text: String) {
        let (x, y, anchor) = (px(x), px(y), Anchor::Start);
        self.marks.push(Mark::Text { x, y, class: "lab", anchor, is_leaning: true, text });
    }
}

/// About how wide a text of 13 px is. Scripts from Hangul on are about twice as wide.
pub(super) fn text_width(text: &str) -> f64 {
    let wide = |c: char| c >= '\u{1100}' && !('\u{2000}'..'\u{2e80}').contains(&c);
    text.chars().map(|c| if wide(c) { 13.5 } else { 7.2 }).sum()
}

/// A text cut to so many pixels, for pictures; tables have it whole. It is cut in the middle,
/// since names that begin alike often end differently.
pub(super) fn cut(text: &str, most: f64) -> String {
    if text_width(text) <= most {
        return text.to_owned();
    }
    let room = most - 7.2;
    let (mut head, mut tail) = (String::new(), String::new());
    for c in text.chars() {
        head.push(c);
        if text_width(&head) > room * 0.62 {
            head.pop();
            break;
        }
    }
    for c in text.chars().rev() {
        tail.insert(0, c);
        if text_width(&tail) > room - text_width(&head) {
            tail.remove(0);
            break;
        }
    }
    format!("{}…{}", head.trim_end(), tail.trim_start())
}

/// A text folded at a space into two lines of so many pixels at most; the second is cut.
pub(super) fn fold(text: &str, most: f64) -> Vec<String> {
    if text_width(text) <= most {
        return vec![text.to_owned()];
    }
    let fits = |at: &usize| text_width(&text[..*at]) <= most;
    let spaces: Vec<usize> = text.match_indices(' ').map(|(at, _)| at).filter(fits).collect();
    match spaces.last() {
        Some(&at) => vec![text[..at].to_owned(), cut(text[at..].trim_start(), most)],
        None => vec![cut(text, most)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_at_characters_and_folded_at_spaces() {
        assert_eq!(cut("Família e comunidade", 80.0), "Famíli…dade");
        assert_eq!(cut("Short", 60.0), "Short");
        assert_eq!(cut("住宅支援サービス", 60.0), "住宅…ス");
        assert_eq!(cut("anything", 0.0), "…");
        assert_eq!(fold("Short", 60.0), ["Short"]);
        assert_eq!(fold("Housing and homes", 90.0), ["Housing and", "homes"]);
        assert_eq!(fold("Housing and tenancies help", 90.0), ["Housing and", "tenanci…help"]);
        assert_eq!(fold("Nospaceanywhereinit", 60.0), ["Nosp…nit"]);
        assert_eq!(fold("", 60.0), [""]);
    }

    #[test]
    fn places_are_rounded_and_never_minus_nought() {
        assert_eq!(px(1.0 / 3.0).to_string(), "0.3");
        assert_eq!(px(-0.01).to_string(), "0");
    }
}
