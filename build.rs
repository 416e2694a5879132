fn main() {
    let out = std::env::var("OUT_DIR").unwrap();
    std::fs::write(format!("{out}/catalogue.rs"), "static RULES: &[Rule] = &[]; static DETECTORS: &[Detector] = &[]; static KEY_FILES: &[KeyFile] = &[]; static POLICIES: &[(&str, &str, &str)] = &[];").unwrap();
    std::fs::write(format!("{out}/lint_dispatch.rs"), "").unwrap();
    std::fs::write(format!("{out}/gate_dispatch.rs"), "").unwrap();
}
