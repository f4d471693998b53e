//! Compiles the contract: every `.proto` under `proto/`, without protoc, and the descriptor set
//! that reflection, the access rules and the contract tests read.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto").canonicalize()?;
    println!("cargo:rerun-if-changed={}", root.join("ehub").display());
    let mut files = Vec::new();
    collect(&root.join("ehub"), &mut files)?;
    files.sort();
    let mut compiler = protox::Compiler::new([&root])?;
    compiler.include_imports(true).include_source_info(true).open_files(&files)?;
    let descriptors = compiler.file_descriptor_set();
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    // Encoded by protox, which keeps extension options; prost's own types would drop the access rules.
    fs::write(out.join("documented.bin"), compiler.encode_file_descriptor_set())?;
    let mut served = protox::Compiler::new([&root])?;
    served.include_imports(true).open_files(files.iter().filter(|file| !is_draft(file)))?;
    fs::write(out.join("served.bin"), served.encode_file_descriptor_set())?;
    tonic_prost_build::configure()
        .bytes(".")
        // Maps in order, so that encoding a request twice gives the same bytes.
        .btree_map(".")
        .skip_debug(["."])
        .compile_fds(descriptors)?;
    Ok(())
}

/// Drafts are compiled, so that they stay whole, but no service serves them.
fn is_draft(file: &Path) -> bool {
    file.components().any(|part| part.as_os_str().to_string_lossy().contains("alpha"))
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            files.push(path);
        }
    }
    Ok(())
}
