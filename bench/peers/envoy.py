"""Envoy as the same gateway: its own filters for tokens, scopes, limits and Graph's token, and its retries. Configuration as JSON."""

EXTENSIONS = "type.googleapis.com/envoy.extensions."


def extension(name, kind, **more):
    return {"name": name, "typed_config": {"@type": EXTENSIONS + kind, **more}}


def filters(values, remembers):
    provider = {
        "issuer": values["issuer"], "audiences": [values["audience"]], "local_jwks": {"filename": str(values["jwks_file"])},
        "payload_in_metadata": "jwt",
    }
    if remembers:
        provider["jwt_cache_config"] = {"jwt_cache_size": 10_000}
    claim = lambda name: [{"key": "jwt"}, {"key": name}]
    scope = {"filter": "envoy.filters.http.jwt_authn", "path": claim("scope"),
             "value": {"string_match": {"safe_regex": {"regex": "(^|.* )join_requests:read( .*|$)"}}}}
    path = {"path": {"safe_regex": {"regex": r"^/v23\.0/[0-9]+/join_requests$"}}}
    full = {"tokens_per_fill": 1_000_000, "max_tokens": 1_000_000, "fill_interval": "1s"}
    subject = {"metadata": {"descriptor_key": "caller", "source": "DYNAMIC",
                            "metadata_key": {"key": "envoy.filters.http.jwt_authn", "path": claim("sub")}}}
    return [
        extension("envoy.filters.http.jwt_authn", "filters.http.jwt_authn.v3.JwtAuthentication", providers={"ours": provider},
                  rules=[{"match": {"prefix": "/"}, "requires": {"provider_name": "ours"}}]),
        extension("envoy.filters.http.rbac", "filters.http.rbac.v3.RBAC", rules={"action": "ALLOW", "policies": {
            "readers": {"permissions": [{"url_path": path}], "principals": [{"metadata": scope}]}}}),
        extension("envoy.filters.http.local_ratelimit", "filters.http.local_ratelimit.v3.LocalRateLimit", stat_prefix="limits",
                  token_bucket=full, filter_enabled={"default_value": {"numerator": 100}},
                  filter_enforced={"default_value": {"numerator": 100}}, max_dynamic_descriptors=1000,
                  descriptors=[{"entries": [{"key": "caller"}], "token_bucket": full}], rate_limits=[{"actions": [subject]}]),
        extension("envoy.filters.http.credential_injector", "filters.http.credential_injector.v3.CredentialInjector", overwrite=True,
                  credential=extension("envoy.http.injected_credentials.generic", "http.injected_credentials.generic.v3.Generic",
                                       credential={"name": "meta"}, header="Authorization")),
        extension("envoy.filters.http.router", "filters.http.router.v3.Router"),
    ]


def cluster(values):
    host, port = values["upstream_address"].split(":")
    endpoint = {"endpoint": {"address": {"socket_address": {"address": host, "port_value": int(port)}}}}
    most = {"max_connections": 20_000, "max_requests": 20_000, "max_pending_requests": 20_000, "max_retries": 1000}
    cluster = {
        "name": "graph", "type": "STATIC", "connect_timeout": "5s", "circuit_breakers": {"thresholds": [most]},
        "load_assignment": {"cluster_name": "graph", "endpoints": [{"lb_endpoints": [endpoint]}]},
    }
    if values["tls"]:
        tls = {"tls_params": {"tls_maximum_protocol_version": "TLSv1_3"}, "alpn_protocols": [values["alpn"]],
               "validation_context": {"trusted_ca": {"filename": values["authority"]}}}
        cluster["transport_socket"] = extension("envoy.transport_sockets.tls", "transport_sockets.tls.v3.UpstreamTlsContext",
                                                sni="localhost", common_tls_context=tls)
    if values["alpn"] == "h2":
        protocol = EXTENSIONS + "upstreams.http.v3.HttpProtocolOptions"
        cluster["typed_extension_protocol_options"] = {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": protocol, "explicit_http_config": {"http2_protocol_options": {}}}}
    return cluster


def configuration(values, remembers):
    """With these values, and a cache of verified tokens or without."""
    address = lambda port: {"socket_address": {"address": "127.0.0.1", "port_value": port}}
    retries = {"retry_on": "5xx,reset,connect-failure", "num_retries": 2}
    route = {"match": {"prefix": "/"}, "route": {"cluster": "graph", "timeout": "30s", "retry_policy": retries}}
    manager = extension(
        "envoy.filters.network.http_connection_manager", "filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix="api", codec_type="HTTP1", generate_request_id=False, http_filters=filters(values, remembers),
        route_config={"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
    )
    listener = {"name": "api", "address": address(values["listen"]), "tcp_backlog_size": 8192, "filter_chains": [{"filters": [manager]}]}
    secret = {"name": "meta", "generic_secret": {"secret": {"inline_string": f"Bearer {values['token']}"}}}
    return {
        "admin": {"address": address(values["admin"])},
        "static_resources": {"secrets": [secret], "listeners": [listener], "clusters": [cluster(values)]},
    }
