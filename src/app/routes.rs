//! The table of routes: each feature adds its own, and the router makes one resource of each path, whichever features
//! answer it.

use actix_web::web::ServiceConfig;
use actix_web::{FromRequest, Handler, Resource, Responder, Route, web};

/// Routes in the order in which they are tried.
#[derive(Default)]
pub struct Routes {
    paths: Vec<(&'static str, Vec<Route>)>,
}

/// A method of [`Routes`] for each of HTTP's.
macro_rules! methods {
    ($($method:ident),+) => {$(
        pub fn $method<F, Args>(&mut self, path: &'static str, handler: F) -> &mut Self
        where
            F: Handler<Args, Output: Responder + 'static>,
            Args: FromRequest + 'static,
        {
            self.add(path, web::$method().to(handler))
        }
    )+};
}

impl Routes {
    methods![get, post, put, patch, delete];

    fn add(&mut self, path: &'static str, route: Route) -> &mut Self {
        match self.paths.iter_mut().find(|(known, _)| *known == path) {
            Some((_, routes)) => routes.push(route),
            None => self.paths.push((path, vec![route])),
        }
        self
    }

    /// How many there are: paths with their methods.
    #[cfg(test)]
    pub fn count(&self) -> usize {
        self.paths.iter().map(|(_, routes)| routes.len()).sum()
    }

    /// Registers the resources: a path that is known with another method answers 405.
    pub fn register(self, cfg: &mut ServiceConfig) {
        for (path, routes) in self.paths {
            cfg.service(routes.into_iter().fold(Resource::new(path), Resource::route));
        }
    }
}
