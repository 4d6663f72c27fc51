# The architecture, bottom up: a room knows only rooms above it (src/README.md has one sentence for each).
module(core USES fmt::fmt OWNS boost/json)
module(crypto NEEDS core USES OpenSSL::Crypto OWNS openssl/)
module(async NEEDS core USES Threads::Threads OWNS boost/asio boost/system
       DEFINES BOOST_ASIO_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED)
module(telemetry NEEDS core USES ${PROMETHEUS_CPP_CORE} OWNS prometheus/)
module(store NEEDS core async USES SQLite::SQLite3 OWNS sqlite3.h)
module(leases NEEDS core async store)
module(http NEEDS core crypto async telemetry USES OpenSSL::SSL OWNS boost/asio boost/system openssl/)
module(hubspot NEEDS core crypto)
module(policy NEEDS core hubspot)
module(pacing NEEDS core async telemetry hubspot)
module(journal NEEDS core crypto async telemetry store)
module(keys NEEDS core crypto async)
module(vault NEEDS core crypto async keys store journal)
module(grants NEEDS core crypto async telemetry store leases keys vault http hubspot journal)
module(webhooks NEEDS core crypto async telemetry store http hubspot journal grants)
module(gateway NEEDS core crypto async telemetry store http hubspot policy pacing vault grants journal)
module(admin NEEDS core crypto async telemetry http store hubspot policy pacing vault grants webhooks journal gateway)
module(cli NEEDS core crypto async telemetry http store hubspot policy pacing keys vault grants webhooks journal gateway admin
       OWNS CLI/)
module(app NEEDS core crypto async telemetry http store leases hubspot policy pacing keys vault grants webhooks journal gateway admin cli
       OWNS toml++/)
module(sandbox DIR sandbox NEEDS core crypto async telemetry http hubspot)
module(bench DIR bench NEEDS core USES OpenSSL::SSL OWNS openssl/)

