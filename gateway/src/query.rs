//! What each route reads of a query: what its description names.

use std::collections::HashMap;

use axum::http::Method;
use utoipa::openapi::path::{HttpMethod, ParameterIn};
use utoipa::openapi::{OpenApi, RefOr};

use crate::openapi::operations;

/// The keys of a query that each route reads, by its method and path.
#[derive(Debug, Default)]
pub(crate) struct QueryKeys(HashMap<Method, HashMap<String, Vec<String>>>);

impl QueryKeys {
    pub(crate) fn of(api: &mut OpenApi) -> Self {
        let mut keys: HashMap<Method, HashMap<String, Vec<String>>> = HashMap::new();
        for (path, item) in &mut api.paths.paths {
            for (method, operation) in operations(item) {
                let parameters =
                    operation.parameters.iter().flatten().filter_map(|parameter| match parameter {
                        RefOr::T(it) if matches!(it.parameter_in, ParameterIn::Query) => {
                            Some(it.name.clone())
                        }
                        _ => None,
                    });
                keys.entry(method_of(&method)).or_default().insert(path.clone(), parameters.collect());
            }
        }
        Self(keys)
    }

    /// Those of a route; none of what is no route, which answers no query.
    pub(crate) fn read_by(&self, route: &str, method: &Method) -> &[String] {
        // What is asked for its head alone is answered by the same handler.
        let method = if method == Method::HEAD { &Method::GET } else { method };
        self.0.get(method).and_then(|routes| routes.get(route)).map_or(&[], Vec::as_slice)
    }
}

fn method_of(described: &HttpMethod) -> Method {
    match described {
        HttpMethod::Get => Method::GET,
        HttpMethod::Put => Method::PUT,
        HttpMethod::Post => Method::POST,
        HttpMethod::Delete => Method::DELETE,
        HttpMethod::Options => Method::OPTIONS,
        HttpMethod::Head => Method::HEAD,
        HttpMethod::Patch => Method::PATCH,
        HttpMethod::Trace => Method::TRACE,
    }
}
