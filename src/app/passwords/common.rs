//! Passwords that are guessed first.

use passwords::analyzer::is_common_password;

use crate::base::folding::compatible;
use crate::wire::refusal::{Code, Refusal};

/// Refuses a password that is among the 100,000 which leaked most often, or is the username, in whatever case.
///
/// # Errors
/// `invalid`, with the reason `common`.
pub fn refuse_common(password: &str, username: &str) -> Result<(), Refusal> {
    let password = compatible(password);
    let password = password.trim();
    let is_username = password.eq_ignore_ascii_case(username);
    let is_listed = || is_common_password(password) || is_common_password(password.to_lowercase());
    if is_username || password.is_empty() || is_listed() {
        let refusal = Refusal::new(Code::Invalid, "password: this one is easy to guess, take another");
        return Err(Refusal { reason: Some("common"), ..refusal });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_guessed_first_is_refused_and_nothing_else() {
        for password in [
            "password",
            "PassWord",
            " password ",
            "password1234",
            "12345678",
            "letmein123",
            "princess19",
            "qwertyuiop",
            "aaaaaaaa",
            "        ",
            "ANN-OF-AVON",
            "ann-of-avon",
            "ｐａｓｓｗｏｒｄ",
        ] {
            let refused = refuse_common(password, "Ann-of-Avon");
            assert_eq!(refused.unwrap_err().reason, Some("common"), "{password}");
        }
        for password in ["correct horse", "secret-word", "Tr0ub4dor&3x", "пароль-для-анны", "🦀🦀🦀🦀🦀🦀🦀🦀"]
        {
            assert!(refuse_common(password, "ann").is_ok(), "{password}");
        }
    }
}
