//! Blocks as HTML.

use crate::render::Context;
use crate::render::blocks::{Block, Item};
use crate::render::html::{Direction, direction, direction_of_text, push_all, push_escaped};
use crate::render::inline::{as_written, inline};
use crate::render::placeholders::is_noncharacter;
use crate::render::tables::Table;

/// Writes blocks into what is written in a direction.
pub fn blocks(html: &mut String, blocks: &[Block], around: Direction, context: &mut Context) {
    for block in blocks {
        self::block(html, block, around, context);
    }
}

/// A paragraph of which nothing is markup.
pub fn text_as_written(text: &str, context: &mut Context) -> String {
    let mut html = String::new();
    let text = as_written(text, context);
    element(&mut html, "p", "", text, Direction::Left, context);
    html.push('\n');
    html
}

/// A paragraph with emphasis, and nothing else.
pub fn paragraph(text: &str, context: &mut Context) -> String {
    let mut html = String::new();
    block(&mut html, &Block::Paragraph(text.to_owned()), Direction::Left, context);
    html
}

fn block(html: &mut String, block: &Block, around: Direction, context: &mut Context) {
    match block {
        Block::Paragraph(text) => {
            let text = inline(text, context);
            element(html, "p", "", text, around, context);
        }
        Block::AsWritten(text) => {
            let text = as_written(text, context);
            element(html, "p", "", text, around, context);
        }
        Block::Heading(level, text) => {
            let names = ["h1", "h2", "h3", "h4", "h5", "h6"];
            let text = inline(text, context);
            element(html, names.get(level - 1).unwrap_or(&"h6"), "", text, around, context);
        }
        Block::Rule => html.push_str("<hr>"),
        Block::Code { info, code } => self::code(html, info, code, around, context),
        Block::Table(table) => self::table(html, table, around, context),
        Block::Quote(inside) => {
            let own = direction_of(inside, around, context);
            push_all(html, &["<blockquote", own.attribute(around), ">\n"]);
            blocks(html, inside, own, context);
            html.push_str("</blockquote>");
        }
        Block::List { ordered, items } => list(html, *ordered, items, around, context),
    }
    html.push('\n');
}

/// An element with text, in the text's own direction.
fn element(html: &mut String, name: &str, attributes: &str, text: String, around: Direction, context: &Context) {
    let own = if context.has_right_to_left { direction(&text).unwrap_or(around) } else { around };
    let attribute = own.attribute(around);
    push_all(html, &["<", name, attributes, attribute, ">", &in_direction(text, own), "</", name, ">"]);
}

/// The direction of the first letter in some blocks, for what holds them.
fn direction_of(blocks: &[Block], around: Direction, context: &Context) -> Direction {
    fn first(blocks: &[Block]) -> Option<Direction> {
        blocks.iter().find_map(|block| match block {
            Block::Paragraph(text) | Block::AsWritten(text) | Block::Heading(_, text) => direction_of_text(text),
            Block::Quote(inside) => first(inside),
            Block::List { items, .. } => items.iter().find_map(|item| first(&item.blocks)),
            Block::Table(table) => table.rows.iter().flatten().find_map(|cell| direction_of_text(cell)),
            Block::Code { .. } | Block::Rule => None,
        })
    }
    if context.has_right_to_left { first(blocks).unwrap_or(around) } else { around }
}

fn list(html: &mut String, ordered: bool, items: &[Item], around: Direction, context: &mut Context) {
    let first = items.first().map_or(1, |item| item.number);
    let start = if ordered && first != 1 { format!(" start=\"{first}\"") } else { String::new() };
    let name = if ordered { "ol" } else { "ul" };
    let own = items.first().map_or(around, |item| direction_of(&item.blocks, around, context));
    push_all(html, &["<", name, &start, own.attribute(around), ">\n"]);
    let mut expected = first;
    for item in items {
        let value =
            if ordered && item.number != expected { format!(" value=\"{}\"", item.number) } else { String::new() };
        expected = item.number.saturating_add(1);
        self::item(html, item, &value, own, context);
    }
    push_all(html, &["</", name, ">"]);
}

fn item(html: &mut String, item: &Item, value: &str, around: Direction, context: &mut Context) {
    let own = direction_of(&item.blocks, around, context);
    let class = if item.task.is_some() { " class=\"task\"" } else { "" };
    push_all(html, &["<li", class, value, own.attribute(around), ">"]);
    // One paragraph, perhaps with a list below it, needs no tag of its own.
    let paragraphs = item.blocks.iter().filter(|block| matches!(block, Block::Paragraph(_))).count();
    for (index, block) in item.blocks.iter().enumerate() {
        let checkbox = item.task.filter(|_| index == 0).map(|done| if done { " checked" } else { "" });
        if let Some(checked) = checkbox {
            html.push_str(&format!("<label><input type=\"checkbox\" disabled{checked}> "));
        }
        match block {
            Block::Paragraph(text) if paragraphs == 1 && index == 0 => {
                let text = inline(text, context);
                html.push_str(&in_direction(text, own));
            }
            block => self::block(html, block, own, context),
        }
        if checkbox.is_some() {
            html.push_str("</label>");
        }
        if index + 1 < item.blocks.len() && !html.ends_with('\n') {
            html.push('\n');
        }
    }
    html.push_str("</li>\n");
}

/// Code is written from left to right, whatever it stands in.
fn in_direction(text: String, direction: Direction) -> String {
    if direction == Direction::Right { text.replace("<code>", "<code dir=\"ltr\">") } else { text }
}

fn code(html: &mut String, info: &str, code: &str, around: Direction, context: &mut Context) {
    let reads_right = context.has_right_to_left
        && (around == Direction::Right || direction(code).is_some_and(|direction| direction == Direction::Right));
    html.push_str("<pre");
    if let Some(language) = context.highlighter.language(info) {
        html.push_str(&format!(" data-language=\"{language}\""));
    }
    html.push_str(if reads_right { " dir=\"ltr\"><code>" } else { "><code>" });
    let shown: String;
    let code = if code.contains(is_noncharacter) {
        shown = code.replace(is_noncharacter, "\u{fffd}");
        &shown
    } else {
        code
    };
    if context.has_colours {
        for (range, class) in context.highlighter.pieces(info, code) {
            match class {
                Some(class) => {
                    html.push_str(&format!("<span class=\"{class}\">"));
                    push_escaped(html, &code[range]);
                    html.push_str("</span>");
                }
                None => push_escaped(html, &code[range]),
            }
        }
    } else {
        push_escaped(html, code);
    }
    html.push_str("</code></pre>");
}

fn table(html: &mut String, table: &Table, around: Direction, context: &mut Context) {
    html.push_str("<div class=\"table\"><table>");
    for (index, row) in table.rows.iter().enumerate() {
        let name = if index == 0 { "th" } else { "td" };
        html.push_str(match index {
            0 => "<thead><tr>",
            1 => "<tbody><tr>",
            _ => "<tr>",
        });
        for (cell, aligned) in row.iter().zip(&table.aligned) {
            let aligned = aligned.map(|aligned| format!(" align=\"{aligned}\"")).unwrap_or_default();
            let text = inline(cell, context);
            element(html, name, &aligned, text, around, context);
        }
        html.push_str(if index == 0 { "</tr></thead>" } else { "</tr>" });
    }
    if table.rows.len() > 1 {
        html.push_str("</tbody>");
    }
    html.push_str("</table></div>");
}
