use super::Place;

/// A text in which what differs from run to run has a name: keys, their ids, times and spans.
pub fn normal_form(text: &str, place: &Place) -> String {
    let mut text = text.to_owned();
    for (number, key) in (1..).zip(place.listing()) {
        text = text.replace(&key.id, &format!("key-{number}"));
        if let Some(key_pair_id) = key.key_pair_id {
            text = text.replace(&key_pair_id, &format!("K-{number}"));
        }
    }
    let lines = text.lines().map(|line| {
        let indent = line.len() - line.trim_start().len();
        let words: Vec<String> = line.split_whitespace().map(word).collect();
        format!("{}{}", " ".repeat(indent), words.join(" "))
    });
    lines.map(|line| line.trim_end().to_owned() + "\n").collect()
}

fn word(word: &str) -> String {
    let shape: String = word.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    let core = shape.trim_end_matches([':', ',', ')', '.', ';']);
    let rest = &word[core.len()..];
    match core {
        "0000-00-00T00:00:00Z" => format!("TIME{rest}"),
        "00:00:00Z" => "CLOCK".to_owned(),
        "0s" | "00s" | "0m" | "00m" | "0h" | "00h" => format!("SPAN{rest}"),
        _ => word.to_owned(),
    }
}
