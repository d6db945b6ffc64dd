//! Takes pictures of a window at the sizes that people have.

use super::super::window::{Chromedriver, Window};
use crate::common::*;
use std::path::{Path, PathBuf};

/// How large a window is, in CSS pixels, and what it is shown on.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    name: &'static str,
    width: u32,
    height: u32,
    scale: u32,
    touched: bool,
}

impl Size {
    pub fn width(self) -> u32 {
        self.width
    }
}

pub const WIDE: Size = Size { name: "1440", width: 1440, height: 900, scale: 1, touched: false };
pub const LAPTOP: Size = Size { name: "1024", width: 1024, height: 768, scale: 1, touched: false };
pub const TABLET: Size = Size { name: "768", width: 768, height: 1024, scale: 1, touched: true };
pub const PHONE: Size = Size { name: "390", width: 390, height: 844, scale: 2, touched: true };
/// A window as high as long pages are.
pub const TALL: Size = Size { name: "tall", width: 1024, height: 2400, scale: 1, touched: false };
/// As large as the pictures of `README.md`.
pub const FRAME: Size = Size { name: "frame", width: 1200, height: 760, scale: 1, touched: false };
/// A window of 1280 pixels that is shown at 200 %.
pub const ZOOMED: Size = Size { name: "200-percent", width: 640, height: 400, scale: 2, touched: false };

/// The least that a finger hits.
const FINGER: u32 = 40;

/// What stands still and has its pictures: nothing moves any more.
const STILL: &str = "return document.fonts.status === 'loaded' && [...document.images].every(({ complete }) => complete)
    && document.getAnimations().every(({ effect, playState }) => playState !== 'running' || effect.getTiming().iterations === Infinity)";

pub struct Camera {
    pub window: Window,
    folder: PathBuf,
    palette: &'static str,
    faults: Vec<String>,
}

impl Camera {
    pub async fn open(chromedriver: &Chromedriver, site: String, palette: &'static str) -> Self {
        let window = Window::open(chromedriver, site).await;
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/screenshots");
        std::fs::create_dir_all(&folder).unwrap();
        let mut camera = Self { window, folder, palette, faults: Vec::new() };
        camera.prefers(palette).await;
        camera
    }

    pub async fn prefers(&mut self, palette: &'static str) {
        self.palette = palette;
        let scheme = json!({ "features": [{ "name": "prefers-color-scheme", "value": palette }] });
        self.window.driver.cdp().send_raw("Emulation.setEmulatedMedia", scheme).await.unwrap();
    }

    pub async fn sets(&self, size: Size) {
        // The window itself is never narrower than 500 pixels.
        let Size { width, height, scale, touched, .. } = size;
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": scale, "mobile": touched });
        self.window.driver.cdp().send_raw("Emulation.setDeviceMetricsOverride", metrics).await.unwrap();
        let touch = json!({ "enabled": touched });
        self.window.driver.cdp().send_raw("Emulation.setTouchEmulationEnabled", touch).await.unwrap();
    }

    /// Takes a picture of what is to be seen, at each of these sizes.
    pub async fn takes(&mut self, state: &str, sizes: &[Size]) {
        for size in sizes {
            self.sets(*size).await;
            self.window.until(STILL).await;
            let file = self.folder.join(format!("{state}-{}-{}.png", size.name, self.palette));
            self.window.driver.screenshot(&file).await.unwrap();
            self.judges(state, *size).await;
        }
    }

    pub async fn visits(&mut self, path: &str, state: &str, sizes: &[Size]) {
        self.window.goto(path).await;
        self.takes(state, sizes).await;
    }

    /// Nothing can be scrolled sideways but what scrolls inside itself, and fingers hit what they aim at.
    async fn judges(&mut self, state: &str, size: Size) {
        let width = self.window.run("return document.scrollingElement.scrollWidth").await;
        if width.as_u64().unwrap() > size.width.into() {
            self.faults.push(format!("{state} at {}: {width} px wide", size.name));
        }
        if size.touched {
            let small = format!(
                "return [...document.querySelectorAll('button:not(.react), .button, .icon, input, select, .room')]
                    .filter((each) => each.checkVisibility({{ visibilityProperty: true, contentVisibilityAuto: true }}) && !each.matches('[type=radio], [type=checkbox]'))
                    .filter((each) => Math.round(each.getBoundingClientRect().height) < {FINGER})
                    .map((each) => each.id || each.className || each.outerHTML)"
            );
            let small: Vec<String> = serde_json::from_value(self.window.run(&small).await).unwrap();
            self.faults
                .extend(small.iter().map(|each| format!("{state} at {}: too small for a finger: {each}", size.name)));
        }
    }

    /// Ends, with nothing wrong in any picture.
    pub async fn closes(self, expected: &[&str]) {
        assert!(self.faults.is_empty(), "{}", self.faults.join("\n"));
        self.window.close_despite(expected).await;
    }
}
