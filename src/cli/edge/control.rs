//! `--control-plane`: the key groups that an edge begins with, and how changes of them reach its nodes.

use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroU8;
use std::time::{Duration, Instant};

use clap::Args;

use super::command::{EdgeCommandError, listen};
use super::trust::{self, Trust};
use crate::cloudfront::KeyPairId;
use crate::edge::control::{ControlPlane, GroupId, Setup};
use crate::edge::{PathPattern, Propagation};

/// The name of the key group that every protected path trusts.
const SHARED_GROUP: &str = "edgemint-edge";

#[derive(Debug, Args)]
pub(super) struct ControlArgs {
    /// Address of a control plane: the calls of the CloudFront API for public keys and key groups, and GetDistribution,
    /// kept in memory. Any credentials will do. Output says where it listens, and the ids of the distribution and of the
    /// key group that protected paths trust; a pattern with --trust of its own trusts one more. Tests ask for faults at
    /// /_edgemint/faults and see what was called at /_edgemint/calls
    #[arg(long, value_name = "ADDR")]
    control_plane: Option<String>,
    /// How long a change takes to reach the last edge node
    #[arg(long, value_name = "DURATION", default_value = "3s", value_parser = humantime::parse_duration, requires = "control_plane")]
    propagation: Duration,
    /// How many edge nodes there are. They answer in turn, X-Amz-Cf-Pop says which, and each learns of changes at its own time
    #[arg(long, value_name = "N", default_value_t = NonZeroU8::new(3).expect("three nodes"), requires = "control_plane")]
    nodes: NonZeroU8,
}

/// A control plane, where it is going to listen, and what protected paths trust.
pub(super) struct Control {
    pub(super) plane: ControlPlane,
    pub(super) listener: TcpListener,
    pub(super) groups: Groups,
}

/// The key groups that an edge begins with.
pub(super) struct Groups {
    /// What every protected path trusts.
    shared: GroupId,
    /// What one pattern trusts besides.
    own: Vec<(PathPattern, GroupId)>,
}

impl Groups {
    /// What programs have to know, one thing a line.
    pub(super) fn greeting(&self, address: SocketAddr, distribution_id: &str) -> String {
        let mut lines = format!(
            "control plane listening on http://{address}\ndistribution {distribution_id}\nkey group {}\n",
            self.shared
        );
        for (pattern, group) in &self.own {
            lines += &format!("key group {group} for {pattern}\n");
        }
        lines
    }
}

impl ControlArgs {
    /// `None` if no control plane is asked for.
    pub(super) fn into_control(
        self,
        mut setup: Setup,
        protect: &[PathPattern],
        trust: &[Trust],
    ) -> Result<Option<Control>, EdgeCommandError> {
        let Some(address) = self.control_plane else { return Ok(None) };
        let listener = listen(&address)?;
        let groups = groups(&mut setup, protect, trust)?;
        let plane = setup.start(Propagation::new(self.propagation, self.nodes), Instant::now());
        Ok(Some(Control { plane, listener, groups }))
    }
}

/// One key group for every protected path, and one more for each pattern that has keys of its own.
fn groups(setup: &mut Setup, protect: &[PathPattern], trust: &[Trust]) -> Result<Groups, EdgeCommandError> {
    if protect.is_empty() {
        return Err(EdgeCommandError::NothingToControl);
    }
    trust::check(protect, trust)?;
    for trust in trust {
        setup.add_public_key(&trust.id, trust.read()?)?;
    }
    let ids = |pattern: Option<&PathPattern>| -> Vec<KeyPairId> {
        trust.iter().filter(|trust| trust.pattern.as_ref() == pattern).map(|trust| trust.id.clone()).collect()
    };
    let shared = setup.add_key_group(SHARED_GROUP, ids(None))?;
    let mut own = Vec::new();
    for pattern in protect {
        let mut trusted = vec![shared.clone()];
        let keys = ids(Some(pattern));
        if !keys.is_empty() {
            let group = setup.add_key_group(&format!("{SHARED_GROUP} {pattern}"), keys)?;
            trusted.push(group.clone());
            own.push((pattern.clone(), group));
        }
        setup.protect(pattern.clone(), trusted);
    }
    Ok(Groups { shared, own })
}
