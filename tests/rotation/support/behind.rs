use std::process::{Command, Stdio};

/// The same command, started by another program that is given it as its last arguments.
pub fn behind(program: &str, arguments: &[&str], command: &Command) -> Command {
    let mut other = Command::new(program);
    other.args(arguments).arg(command.get_program()).args(command.get_args()).stdin(Stdio::null());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => other.env(name, value),
            None => other.env_remove(name),
        };
    }
    if let Some(directory) = command.get_current_dir() {
        other.current_dir(directory);
    }
    other
}
