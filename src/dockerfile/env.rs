//! Variables in force at a place of a Dockerfile.
//!
//! Every instruction has its own environment, and most differ from the one before by nothing or by one variable. So an
//! [`Env`] is persistent: cloning it is free, and setting a variable shares all the rest with the environment it came
//! from. It is a trie over the hash of the name (at most 16 levels), so hostile names cannot make it deep.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

/// Where variable values come from when a word is expanded.
pub trait Lookup {
    /// The value of a variable, or `None` when it is not set.
    fn get(&self, name: &str) -> Option<&str>;
}

impl Lookup for BTreeMap<String, String> {
    fn get(&self, name: &str) -> Option<&str> {
        BTreeMap::get(self, name).map(String::as_str)
    }
}

/// No variable at all.
impl Lookup for () {
    fn get(&self, _: &str) -> Option<&str> {
        None
    }
}

/// What set a variable.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Setter {
    /// The builder: platform arguments before the first FROM, `PATH` in a stage.
    Builder,
    /// An `ARG` instruction, by its index.
    Arg(usize),
    /// An `ENV` instruction, by its index.
    Env(usize),
}

/// One variable.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Variable {
    /// Its name.
    pub name: Arc<str>,
    /// Its value; `None` for an `ARG` without one.
    pub value: Option<Arc<str>>,
    /// What set it last.
    pub setter: Setter,
}

/// The variables in force before an instruction.
#[derive(Clone, Debug, Default)]
pub struct Env {
    root: Option<Arc<Node>>,
}

#[derive(Clone, Debug)]
enum Node {
    /// Children by four bits of the hash.
    Branch([Option<Arc<Node>>; 16]),
    /// Variables whose names have the same hash.
    Leaf { hash: u64, variables: Vec<Variable> },
}

impl Env {
    /// The variable of that name: set, or declared by an `ARG` without a value.
    pub fn variable(&self, name: &str) -> Option<&Variable> {
        let hash = hash_of(name);
        let mut node = self.root.as_deref()?;
        let mut shift = 0;
        loop {
            match node {
                Node::Branch(children) => node = children[slot(hash, shift)].as_deref()?,
                Node::Leaf { hash: of_leaf, variables } => {
                    let in_leaf = || variables.iter().find(|variable| &*variable.name == name);
                    return (*of_leaf == hash).then(in_leaf).flatten();
                }
            }
            shift += 4;
        }
    }

    /// Whether an `ARG` declared the name, or something set it.
    pub fn is_declared(&self, name: &str) -> bool {
        self.variable(name).is_some()
    }

    /// All variables, sorted by name.
    pub fn variables(&self) -> Vec<&Variable> {
        let mut found = Vec::new();
        if let Some(root) = self.root.as_deref() {
            collect(root, &mut found);
        }
        found.sort_by(|a, b| a.name.cmp(&b.name));
        found
    }

    /// All variables in no order; `None` when there are more than `most`, which is found out without looking at them all.
    pub fn few_variables(&self, most: usize) -> Option<Vec<&Variable>> {
        let mut found = Vec::new();
        let mut open: Vec<&Node> = self.root.as_deref().into_iter().collect();
        while let Some(node) = open.pop() {
            match node {
                Node::Branch(children) => open.extend(children.iter().flatten().map(|child| &**child)),
                Node::Leaf { variables, .. } => found.extend(variables),
            }
            if found.len() > most {
                return None;
            }
        }
        Some(found)
    }

    /// Sets a variable in place of what it was.
    pub(super) fn set(&mut self, variable: Variable) {
        let hash = hash_of(&variable.name);
        match &mut self.root {
            Some(root) => insert(root, hash, 0, variable),
            None => self.root = Some(Arc::new(Node::Leaf { hash, variables: vec![variable] })),
        }
    }
}

impl Lookup for Env {
    fn get(&self, name: &str) -> Option<&str> {
        self.variable(name)?.value.as_deref()
    }
}

fn hash_of(name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

fn slot(hash: u64, shift: u32) -> usize {
    usize::from((hash >> shift) as u8 & 0xF)
}

fn insert(node: &mut Arc<Node>, hash: u64, shift: u32, variable: Variable) {
    let node = Arc::make_mut(node);
    match node {
        Node::Branch(children) => match &mut children[slot(hash, shift)] {
            Some(child) => insert(child, hash, shift + 4, variable),
            empty => *empty = Some(Arc::new(Node::Leaf { hash, variables: vec![variable] })),
        },
        Node::Leaf { hash: of_leaf, variables } if *of_leaf == hash => {
            match variables.iter_mut().find(|known| known.name == variable.name) {
                Some(known) => *known = variable,
                None => variables.push(variable),
            }
        }
        Node::Leaf { hash: of_leaf, .. } => {
            let of_leaf = *of_leaf;
            let mut children: [Option<Arc<Node>>; 16] = Default::default();
            let leaf = std::mem::replace(node, Node::Branch(Default::default()));
            children[slot(of_leaf, shift)] = Some(Arc::new(leaf));
            *node = Node::Branch(children);
            if let Node::Branch(children) = node {
                match &mut children[slot(hash, shift)] {
                    Some(child) => insert(child, hash, shift + 4, variable),
                    empty => *empty = Some(Arc::new(Node::Leaf { hash, variables: vec![variable] })),
                }
            }
        }
    }
}

fn collect<'e>(node: &'e Node, found: &mut Vec<&'e Variable>) {
    match node {
        Node::Branch(children) => children.iter().flatten().for_each(|child| collect(child, found)),
        Node::Leaf { variables, .. } => found.extend(variables),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(name: &str, value: Option<&str>) -> Variable {
        Variable { name: name.into(), value: value.map(Into::into), setter: Setter::Builder }
    }

    #[test]
    fn an_older_environment_is_not_changed_by_a_newer_one() {
        let mut env = Env::default();
        let mut snapshots = Vec::new();
        for i in 0..500 {
            env.set(variable(&format!("V{}", i % 300), Some(&i.to_string())));
            snapshots.push(env.clone());
        }
        assert_eq!(env.variables().len(), 300);
        assert!(env.few_variables(299).is_none() && env.few_variables(300).is_some_and(|all| all.len() == 300));
        assert_eq!(snapshots[10].get("V10"), Some("10"));
        assert_eq!(snapshots[10].get("V11"), None);
        assert_eq!((snapshots[299].get("V5"), env.get("V5")), (Some("5"), Some("305")));
    }

    #[test]
    fn a_declared_variable_may_have_no_value() {
        let mut env = Env::default();
        env.set(variable("A", None));
        assert!(env.is_declared("A") && env.get("A").is_none() && !env.is_declared("B"));
    }
}
