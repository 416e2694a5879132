//! The `dockgate` command.

/// Trees of images are many small allocations on every thread, which is what the allocators of C libraries are slow at, and that of
/// musl, which the released binary stands on, slowest.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    dockgate::cli::main()
}
