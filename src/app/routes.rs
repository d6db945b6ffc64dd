//! The table of routes: each feature adds its own, and the router makes one resource of each path, whichever features
//! answer it.

use actix_web::http::Method;
use actix_web::web::ServiceConfig;
use actix_web::{FromRequest, Handler, HttpRequest, HttpResponse, Resource, Responder, Route, web};

use crate::app::pages::see;

/// Routes in the order in which they are tried.
#[derive(Default)]
pub struct Routes {
    paths: Vec<(&'static str, Vec<(Method, Route)>)>,
}

/// A method of [`Routes`] for each of HTTP's.
macro_rules! methods {
    ($($method:ident $name:ident),+) => {$(
        pub fn $method<F, Args>(&mut self, path: &'static str, handler: F) -> &mut Self
        where
            F: Handler<Args, Output: Responder + 'static>,
            Args: FromRequest + 'static,
        {
            self.add(path, Method::$name, web::$method().to(handler))
        }
    )+};
}

impl Routes {
    methods![get GET, post POST, put PUT, patch PATCH, delete DELETE];

    fn add(&mut self, path: &'static str, method: Method, route: Route) -> &mut Self {
        match self.paths.iter_mut().find(|(known, _)| *known == path) {
            Some((_, routes)) => routes.push((method, route)),
            None => self.paths.push((path, vec![(method, route)])),
        }
        self
    }

    fn has_page(&self, path: &str) -> bool {
        self.paths
            .iter()
            .any(|(known, routes)| *known == path && routes.iter().any(|(method, _)| *method == Method::GET))
    }

    /// Leads whoever opens the address of a form that is no page itself, such as after a sign-in that the form needed, to
    /// the page that has the form: the nearest one above.
    pub fn lead_to_pages(&mut self) {
        let above = |path: &'static str| {
            let page = std::iter::successors(Some(path), |path| path.rsplit_once('/').map(|(above, _)| above));
            page.skip(1).find(|page| self.has_page(if page.is_empty() { "/" } else { page }))
        };
        let forms = self.paths.iter().filter(|(path, _)| !self.has_page(path));
        let led: Vec<_> =
            forms.filter_map(|(path, _)| Some((*path, segments(path) - segments(above(path)?)))).collect();
        for (path, below) in led {
            self.get(path, move |req: HttpRequest| async move { to_page(req.path(), below) });
        }
    }

    /// How many there are: paths with their methods.
    #[cfg(test)]
    pub fn count(&self) -> usize {
        self.paths.iter().map(|(_, routes)| routes.len()).sum()
    }

    /// Registers the resources: a path that is known with another method answers 405.
    pub fn register(self, cfg: &mut ServiceConfig) {
        for (path, routes) in self.paths {
            let routes = routes.into_iter().map(|(_, route)| route);
            cfg.service(routes.fold(Resource::new(path), Resource::route));
        }
    }
}

fn segments(path: &str) -> usize {
    path.matches('/').count()
}

fn to_page(form: &str, below: usize) -> HttpResponse {
    let page = form.rsplitn(below + 1, '/').last().unwrap_or_default();
    see(if page.is_empty() { "/" } else { page })
}
