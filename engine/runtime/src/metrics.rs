//! Every metric name, once. Alerts and dashboards use these and no others.
