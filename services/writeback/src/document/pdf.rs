//! The document as a PDF: A4, built-in fonts, no compression, the same bytes for the same report.

use pdf_writer::{Content, Finish, Name, Pdf, Rect, Ref, Str, TextStr};

use super::{
    blocks::Block,
    compose::{Report, compose, day, spaced},
    layout::{MARGIN, PAGE, Page, Run, lay_out},
    metrics::Face,
    winansi,
};

const PLAIN: Name<'static> = Name(b"F1");
const BOLD: Name<'static> = Name(b"F2");
const CATALOG: Ref = Ref::new(1);
const PAGES: Ref = Ref::new(2);
const PLAIN_FONT: Ref = Ref::new(3);
const BOLD_FONT: Ref = Ref::new(4);
const INFO: Ref = Ref::new(5);
/// Pages and their contents come after these, two references each.
const FIRST_PAGE: i32 = 6;
const FOOT: f32 = 30.0;
const HEAD: f32 = 815.0;

/// Renders a report. Gives the PDF and the pieces it was made of.
pub fn render(report: &Report) -> (Vec<u8>, Vec<Block>) {
    let blocks = compose(report);
    let (pages, _) = lay_out(&blocks);
    (write(report, &pages), blocks)
}

fn write(report: &Report, pages: &[Page]) -> Vec<u8> {
    let mut pdf = Pdf::new();
    pdf.catalog(CATALOG).pages(PAGES).lang(TextStr("en-GB"));
    // The title names no patient: readers show it in window titles and lists of files.
    pdf.document_info(INFO).title(TextStr("Consultation report"));
    pdf.type1_font(PLAIN_FONT).base_font(Name(b"Helvetica")).encoding_predefined(Name(b"WinAnsiEncoding"));
    pdf.type1_font(BOLD_FONT).base_font(Name(b"Helvetica-Bold")).encoding_predefined(Name(b"WinAnsiEncoding"));
    let count = i32::try_from(pages.len()).unwrap_or(i32::MAX);
    pdf.pages(PAGES).kids((0..count).map(page_ref)).count(count);
    for (index, page) in (0..count).zip(pages) {
        let content_ref = Ref::new(FIRST_PAGE + 2 * index + 1);
        let mut written = pdf.page(page_ref(index));
        written.media_box(Rect::new(0.0, 0.0, PAGE.0, PAGE.1)).parent(PAGES).contents(content_ref);
        written.resources().fonts().pair(PLAIN, PLAIN_FONT).pair(BOLD, BOLD_FONT);
        written.finish();
        pdf.stream(content_ref, &content(report, page, (index + 1, count)));
    }
    pdf.finish()
}

fn page_ref(index: i32) -> Ref {
    Ref::new(FIRST_PAGE + 2 * index)
}

/// A page's text between its head (from the second page on, whose patient it is) and its foot.
fn content(report: &Report, page: &Page, (number, count): (i32, i32)) -> Vec<u8> {
    let mut content = Content::new();
    let patient = &report.patient;
    if number > 1 {
        let whose = format!(
            "{} {}, NHS number {}, born {}",
            patient.given,
            patient.family,
            spaced(&patient.nhs_number),
            day(patient.birth_date)
        );
        show(&mut content, &small(HEAD, &whose));
    }
    for run in page {
        show(&mut content, run);
    }
    show(&mut content, &small(FOOT, &format!("Reference {}    Page {number} of {count}", report.reference)));
    content.finish().into_vec()
}

fn small(y: f32, text: &str) -> Run {
    Run { x: MARGIN, y, face: Face::Plain, size: 8.0, text: winansi::print(text).bytes }
}

fn show(content: &mut Content, run: &Run) {
    let font = if run.face == Face::Plain { PLAIN } else { BOLD };
    content.begin_text();
    content.set_font(font, run.size);
    content.next_line(run.x, run.y);
    content.show(Str(&run.text));
    content.end_text();
}
