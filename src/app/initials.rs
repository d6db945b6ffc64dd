//! The letters of a name that stand for its picture.

/// What stands for a face: the first letters of a name's first and last words.
pub fn initials(name: &str) -> String {
    let first = name.split(' ').next();
    let last = name.rsplit_once(' ').map(|(_, last)| last);
    let letters = first.into_iter().chain(last).filter_map(|word| word.chars().next());
    letters.flat_map(char::to_uppercase).collect()
}

#[cfg(test)]
mod tests {
    use super::initials;

    #[test]
    fn a_face_has_the_first_letters_of_the_first_and_the_last_word() {
        for (name, letters) in [
            ("ann", "A"),
            ("Ann Lee", "AL"),
            ("anna maria de la Cruz", "AC"),
            ("李明", "李"),
            ("ßo x", "SSX"),
            ("", ""),
        ] {
            assert_eq!(initials(name), letters, "{name}");
        }
    }
}
