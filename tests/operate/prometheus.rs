//! A Prometheus of a test's own, which scrapes and judges: callers name `prometheus` in `needs!` first.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::proxy::deploy;
use crate::support::wait_for;

pub struct Prometheus {
    child: Child,
    address: SocketAddr,
    folder: TempDir,
}

impl Prometheus {
    /// Scrapes `target` every second as the job `edgemint`, and evaluates the rules of `deploy/alerts.yml` as often.
    pub fn scraping(target: SocketAddr) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let configuration = format!(
            "global: {{scrape_interval: 1s, evaluation_interval: 1s}}\nrule_files: [{:?}]\nscrape_configs:\n\
             \x20 - {{job_name: edgemint, static_configs: [{{targets: [\"{target}\"]}}]}}\n",
            deploy("alerts.yml")
        );
        fs::write(folder.path().join("prometheus.yml"), configuration).unwrap();
        // Somebody else may take the port in between; then it ends, and another is tried.
        for _ in 0..20 {
            let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
            let mut child = Command::new("prometheus")
                .current_dir(folder.path())
                .args(["--config.file=prometheus.yml", "--storage.tsdb.path=data"])
                .arg(format!("--web.listen-address={address}"))
                .stdin(Stdio::null())
                .stderr(fs::File::create(folder.path().join("log")).unwrap())
                .spawn()
                .unwrap();
            let mut is_over = false;
            wait_for("Prometheus", || {
                is_over = child.try_wait().unwrap().is_some();
                is_over || curl(&["--fail", &format!("http://{address}/-/ready")]).is_some()
            });
            if !is_over {
                return Self { child, address, folder };
            }
        }
        panic!("Prometheus does not start: {}", fs::read_to_string(folder.path().join("log")).unwrap());
    }

    /// What its HTTP API answers at this path.
    pub fn get(&self, path: &str, parameters: &[(&str, &str)]) -> Value {
        let parameters = parameters.iter().map(|(name, value)| format!("{name}={value}"));
        let parameters: Vec<String> =
            parameters.flat_map(|one| ["--data-urlencode".to_owned(), one]).collect();
        let url = format!("http://{}/api/v1/{path}", self.address);
        let arguments: Vec<&str> =
            ["--get", &url].into_iter().chain(parameters.iter().map(String::as_str)).collect();
        let answer: Value = serde_json::from_slice(&curl(&arguments).expect("Prometheus answers")).unwrap();
        assert_eq!(answer["status"], "success", "{path} {parameters:?}: {answer}");
        answer["data"].clone()
    }

    /// The series that an expression gives now.
    pub fn query(&self, expression: &str) -> Vec<Value> {
        match &self.get("query", &[("query", expression)])["result"] {
            Value::Array(series) => series.clone(),
            other => panic!("{expression} gives {other}"),
        }
    }

    /// What it said, of which nothing may be a complaint.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap()
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn curl(arguments: &[&str]) -> Option<Vec<u8>> {
    let output = Command::new("curl")
        .args(["--silent", "--noproxy", "*", "--max-time", "10"])
        .args(arguments)
        .output();
    let output = output.unwrap();
    output.status.success().then_some(output.stdout)
}
