//! How wide text is in Helvetica, in thousandths of the font size (Adobe font metrics, core 14 fonts).

/// One of the two fonts a document uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Face {
    /// Helvetica.
    Plain,
    /// Helvetica-Bold.
    Bold,
}

/// Codes 32 to 126.
const PLAIN: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556,
    556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833,
    722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556,
    556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334,
    260, 334, 584,
];
const BOLD: [u16; 95] = [
    278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556,
    556, 556, 556, 333, 333, 584, 584, 584, 611, 975, 722, 722, 722, 722, 667, 611, 778, 722, 278, 556, 722, 611, 833,
    722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 333, 278, 333, 584, 556, 333, 556, 611, 556, 611,
    556, 333, 611, 611, 278, 278, 556, 278, 889, 611, 611, 611, 611, 389, 556, 333, 611, 556, 778, 556, 556, 500, 389,
    280, 389, 584,
];
/// Above ASCII nothing is wider than this but a few signs; lines may end a little early.
const ACCENTED: u16 = 778;
/// The em dash, the ellipsis, ligatures and per mille.
const WIDE: u16 = 1000;

impl Face {
    /// The width of WinAnsi text at a size, in points.
    pub(super) fn width(self, text: &[u8], size: f32) -> f32 {
        let units: u32 = text.iter().map(|byte| u32::from(self.advance(*byte))).sum();
        #[expect(clippy::cast_precision_loss, reason = "a line's width is far below 2^24")]
        let units = units as f32;
        units * size / 1000.0
    }

    fn advance(self, byte: u8) -> u16 {
        let table = if self == Self::Plain { &PLAIN } else { &BOLD };
        match byte {
            32..=126 => table[usize::from(byte - 32)],
            0x85 | 0x89 | 0x8c | 0x97 | 0x99 | 0xc6 => WIDE,
            0xe0..=0xff => 611,
            _ => ACCENTED,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_widths() {
        assert!((Face::Plain.width(b"Hello", 10.0) - 22.78).abs() < 0.01);
        assert!(Face::Bold.width(b"Hello", 10.0) > Face::Plain.width(b"Hello", 10.0));
    }
}
