// SPDX-License-Identifier: Apache-2.0
// What a door's TLS does beyond carrying requests: client certificates, tickets, reloads, HSTS, plain HTTP.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "async/await.hpp"
#include "core/encoding.hpp"
#include "core/locked_memory.hpp"
#include "http/certificate.hpp"
#include "http/fake_authority.hpp"
#include "http/fake_door.hpp"
#include "http/fake_tls_client.hpp"
#include "http/redirect.hpp"
#include "http/ticket_keys.hpp"

using namespace hubward;
using namespace hubward::http;
using namespace std::chrono_literals;

namespace {

// Says what the client showed: "none", its key, or its key and why nobody vouches for it.
Async<Response> who(Request request) {
  const PeerCertificate* shown = request.peer.certificate.get();
  std::string text = shown == nullptr ? "none" : to_hex(shown->facts.key_hash).substr(0, 8);
  if (shown != nullptr && !shown->trouble.empty()) text += " but " + shown->trouble;
  co_return text_response(200, "text/plain", text + "!");
}

std::string key_of(const FakeAuthority::Leaf& leaf) {
  return to_hex(read_certificate_file(leaf.certificate_file)->key_hash).substr(0, 8);
}

// The last line of the answer.
std::string who_am_i(FakeTlsClient& client) {
  std::string answered = client.ask("GET / HTTP/1.1\r\nHost: h\r\n\r\n", "!");
  std::size_t body = answered.rfind("\r\n\r\n");
  return body == std::string::npos ? answered : answered.substr(body + 4);
}

struct World {
  FakeAuthority authority;
  FakeAuthority others;
  FakeAuthority::Leaf leaf = authority.issue("door");

  TlsServer door(bool asks, const std::string& authorities = {}) const {
    return {.certificate_file = leaf.certificate_file,
            .key_file = leaf.key_file,
            .asks_for_certificate = asks,
            .client_authority_file = authorities};
  }
};

constexpr int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

}  // namespace

TEST_CASE("a client's certificate is known by its key, on every request of its connection") {
  World world;
  FakeAuthority::Leaf mine = world.others.issue("mine");
  FakeDoor door(who, {}, world.door(true));
  for (int version : versions) {
    CAPTURE(version);
    FakeTlsClient client(door.port(), {.certificate = &mine, .version = version});
    CHECK(who_am_i(client) == key_of(mine) + "!");
    CHECK(who_am_i(client) == key_of(mine) + "!");
    FakeTlsClient without(door.port(), {.version = version});
    CHECK(who_am_i(without) == "none!");
  }
  FakeDoor deaf(who, {}, world.door(false));
  FakeTlsClient client(deaf.port(), {.certificate = &mine});
  CHECK(who_am_i(client) == "none!");
}

TEST_CASE("a client that sends more certificates than anybody needs is not served") {
  World world;
  FakeAuthority::Leaf mine = world.others.issue("mine");
  FakeDoor door(who, {}, world.door(true));
  for (int version : versions) {
    CAPTURE(version);
    FakeTlsClient few(door.port(), {.certificate = &mine, .version = version, .chain = 10});
    CHECK(who_am_i(few) == key_of(mine) + "!");
    FakeTlsClient many(door.port(), {.certificate = &mine, .version = version, .chain = 60});
    CHECK(who_am_i(many) == "");
  }
}

TEST_CASE("where authorities are named, the handler is told whether one vouches") {
  World world;
  FakeAuthority::Leaf vouched = world.others.issue("vouched");
  FakeAuthority::Leaf foreign = world.authority.issue("foreign");
  FakeAuthority::Leaf ended = world.others.issue("ended", "DNS:c", {.from = -7200, .until = -3600});
  FakeAuthority::Leaf coming = world.others.issue("coming", "DNS:c", {.from = 3600, .until = 7200});
  FakeAuthority::Leaf servers = world.others.issue("servers", "DNS:c", {.usage = "serverAuth"});
  FakeAuthority::Leaf clients = world.others.issue("clients", "DNS:c", {.usage = "clientAuth"});
  FakeDoor door(who, {}, world.door(true, world.others.authority_file()));
  auto shown = [&](const FakeAuthority::Leaf& leaf) {
    FakeTlsClient client(door.port(), {.certificate = &leaf});
    return who_am_i(client);
  };
  CHECK(shown(vouched) == key_of(vouched) + "!");
  CHECK(shown(clients) == key_of(clients) + "!");
  CHECK(shown(foreign).starts_with(key_of(foreign) + " but "));
  CHECK(shown(ended) == key_of(ended) + " but certificate has expired!");
  CHECK(shown(coming) == key_of(coming) + " but certificate is not yet valid!");
  CHECK(shown(servers).starts_with(key_of(servers) + " but "));
}

TEST_CASE("a connection with a certificate gets no ticket, one without resumes with its ticket") {
  World world;
  FakeAuthority::Leaf mine = world.others.issue("mine");
  FakeDoor door(who, {}, world.door(true));
  for (int version : versions) {
    CAPTURE(version);
    FakeTlsClient first(door.port(), {.certificate = &mine, .version = version});
    CHECK(who_am_i(first) == key_of(mine) + "!");
    CHECK_FALSE(first.has_ticket());
    FakeTlsClient plain(door.port(), {.version = version});
    CHECK(who_am_i(plain) == "none!");
    REQUIRE(plain.has_ticket());
    FakeTlsClient again(door.port(), {.version = version, .session_of = &plain});
    CHECK(who_am_i(again) == "none!");
    CHECK(again.resumed());
    // TLS 1.3 gives a fresh ticket for each that is used (RFC 8446 appendix C.4), 1.2 goes on with the first.
    const FakeTlsClient& newest = version == TLS1_3_VERSION ? again : plain;
    REQUIRE(newest.has_ticket());
    // A session that began without a certificate stays without one.
    FakeTlsClient later(door.port(), {.certificate = &mine, .version = version, .session_of = &newest});
    CHECK(who_am_i(later) == "none!");
    CHECK(later.resumed());
  }
}

TEST_CASE("tickets of another door, or from before a reload, are worth a full handshake and nothing more") {
  World world;
  FakeDoor door(who, {}, world.door(false)), other(who, {}, world.door(false));
  FakeTlsClient first(door.port(), {});
  CHECK(who_am_i(first) == "none!");
  FakeTlsClient elsewhere(other.port(), {.session_of = &first});
  CHECK(who_am_i(elsewhere) == "none!");
  CHECK_FALSE(elsewhere.resumed());
  door.on_loop([&] { CHECK(door.listener().reload_certificate()); });
  FakeTlsClient later(door.port(), {.session_of = &first});
  CHECK(who_am_i(later) == "none!");
  CHECK_FALSE(later.resumed());
}

TEST_CASE("after a reload of the authorities a kept connection's certificate is judged again") {
  World world;
  FakeAuthority::Leaf mine = world.others.issue("mine");
  std::string authorities = world.authority.folder() + "/clients.pem";
  auto trust = [&](const FakeAuthority& whom) {
    std::filesystem::copy_file(whom.authority_file(), authorities,
                               std::filesystem::copy_options::overwrite_existing);
  };
  trust(world.others);
  FakeDoor door(who, {}, world.door(true, authorities));
  FakeTlsClient client(door.port(), {.certificate = &mine});
  CHECK(who_am_i(client) == key_of(mine) + "!");
  trust(world.authority);
  CHECK(who_am_i(client) == key_of(mine) + "!");
  door.on_loop([&] { CHECK(door.listener().reload_certificate()); });
  CHECK(who_am_i(client).starts_with(key_of(mine) + " but "));
  trust(world.others);
  door.on_loop([&] { CHECK(door.listener().reload_certificate()); });
  CHECK(who_am_i(client) == key_of(mine) + "!");
  std::ofstream(authorities) << "nonsense";
  door.on_loop([&] { CHECK_FALSE(door.listener().reload_certificate()); });
  CHECK(who_am_i(client) == key_of(mine) + "!");
}

TEST_CASE("a reload to a certificate that is not valid now keeps the one that is") {
  World world;
  FakeDoor door(who, {}, world.door(false));
  crypto::Digest before = door.listener().certificate()->key_hash;
  world.authority.issue("door", "DNS:localhost", {.from = -7200, .until = -3600});
  door.on_loop([&] {
    Result<void> reloaded = door.listener().reload_certificate();
    REQUIRE_FALSE(reloaded);
    CHECK(reloaded.error().message.contains("which is not now"));
    CHECK(door.listener().certificate()->key_hash == before);
  });
  world.authority.issue("door");
  door.on_loop([&] {
    CHECK(door.listener().reload_certificate());
    CHECK(door.listener().certificate()->key_hash != before);
  });
}

TEST_CASE("every answer over TLS tells browsers to stay with it, where that is wanted") {
  World world;
  TlsServer strict = world.door(false);
  strict.strict_transport_seconds = 100;
  FakeDoor door(who, {}, strict), silent(who, {}, world.door(false)), plain(who);
  const std::string field = "\r\nStrict-Transport-Security: max-age=100\r\n";
  for (std::string request : {"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "nonsense\r\n\r\n"}) {
    CAPTURE(request);
    FakeTlsClient client(door.port(), {}), other(silent.port(), {});
    CHECK(client.ask(request, "never").contains(field));
    CHECK_FALSE(other.ask(request, "never").contains("Strict-Transport"));
    RawSocket socket(plain.port());
    socket.send(request);
    CHECK_FALSE(socket.read_to_end().contains("Strict-Transport"));
  }
}

TEST_CASE("whoever speaks plain HTTP to TLS is told so and served nothing") {
  World world;
  FakeDoor door(who, {}, world.door(false));
  RawSocket socket(door.port());
  socket.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  socket.finish();
  std::string answered = socket.read_to_end();
  CHECK(socket.ended());
  CHECK(answered.starts_with("HTTP/1.1 400 Bad Request\r\n"));
  CHECK(answered.contains("HUBWARD_PLAIN_HTTP"));
  std::size_t body = answered.find("\r\n\r\n") + 4;
  CHECK(answered.contains("Content-Length: " + std::to_string(answered.size() - body) + "\r\n"));
}

TEST_CASE("a redirect leads to the configured address and nowhere else") {
  auto answer = [](std::string method, std::string target) {
    Request request;
    request.method = std::move(method);
    request.target = std::move(target);
    request.fields.add("Host", "evil.example");
    return redirect_to("https://hooks.example.com", request);
  };
  for (std::string method : {"GET", "HEAD"}) {
    Response there = answer(method, "//evil.example/oauth/crm/install?invite=1");
    CHECK(there.status == 308);
    CHECK(there.fields.find("Location") ==
          "https://hooks.example.com//evil.example/oauth/crm/install?invite=1");
    CHECK(there.then == Response::Then::Close);
  }
  for (std::string method : {"POST", "PUT", "OPTIONS", "get"}) {
    Response refused = answer(method, "/");
    CHECK(refused.status == 405);
    CHECK(refused.fields.find("Allow") == "GET, HEAD");
    CHECK_FALSE(refused.fields.find("Location"));
  }
}

TEST_CASE("a ticket key seals for its life, opens for as long again, and is gone") {
  crypto::SystemRandom random;
  TicketKeys keys(random);
  SteadyPoint start{};
  TicketKeys::Name first = keys.sealing(start).name;
  CHECK(keys.sealing(start + TicketKeys::life - 1s).name == first);
  SteadyPoint second_hour = start + TicketKeys::life;
  TicketKeys::Name second = keys.sealing(second_hour).name;
  CHECK(second != first);
  const TicketKeys::Key* old = keys.opening(first, second_hour + TicketKeys::life - 1s);
  REQUIRE(old != nullptr);
  CHECK_FALSE(keys.is_current(*old));
  CHECK(keys.opening(first, start + 2 * TicketKeys::life) == nullptr);
  CHECK(keys.opening(second, second_hour + 2 * TicketKeys::life - 1s) != nullptr);
  CHECK(keys.opening(second, second_hour + 2 * TicketKeys::life) == nullptr);
  CHECK(keys.opening(TicketKeys::Name{}, start) == nullptr);
}

TEST_CASE(
    "ticket keys are wiped when their time is over, though nobody shakes hands, and when they are "
    "forgotten") {
  crypto::SystemRandom random;
  TicketKeys keys(random);
  SteadyPoint start{};
  std::size_t before = locked_bytes_in_use();
  keys.sealing(start);
  keys.sealing(start + TicketKeys::life);
  CHECK(keys.held() == 2);
  keys.age(start + 2 * TicketKeys::life - 1s);
  CHECK(keys.held() == 2);
  keys.age(start + 2 * TicketKeys::life);
  CHECK(keys.held() == 1);
  keys.age(start + 3 * TicketKeys::life);
  CHECK(keys.held() == 0);
  CHECK(locked_bytes_in_use() == before);
  keys.sealing(start + 3 * TicketKeys::life);
  keys.forget();
  CHECK(keys.held() == 0);
  CHECK(locked_bytes_in_use() == before);
}

TEST_CASE(
    "a door that is reloaded wipes the ticket keys of the certificate before, whoever stays connected") {
  World world;
  FakeDoor door(who, {}, world.door(false));
  FakeTlsClient stays(door.port(), {});
  CHECK(who_am_i(stays) == "none!");
  std::size_t before = locked_bytes_in_use();
  door.on_loop([&] { CHECK(door.listener().reload_certificate()); });
  CHECK(locked_bytes_in_use() < before);
  CHECK(who_am_i(stays) == "none!");
}

TEST_CASE("the key of a certificate stays known when the certificate is renewed with it") {
  // Two certificates for one key, and what `openssl x509 -pubkey -noout | openssl pkey -pubin -outform DER |
  // openssl dgst -sha256` says of them.
  const char* certificates[] = {R"(-----BEGIN CERTIFICATE-----
MIIBfjCCASOgAwIBAgIUMHamB/w6TUWnBeORNgRKrI++bwIwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJcmVuZXdlZCAxMB4XDTI2MTEyNTIyNDcyNFoXDTI2MTIwNTIy
NDcyNFowFDESMBAGA1UEAwwJcmVuZXdlZCAxMFkwEwYHKoZIzj0CAQYIKoZIzj0D
AQcDQgAEzrqp4Ufh+igiOt494cctk8ZyLqJkfG57pZUpb1lylyAcfrMRWv0pqLx+
bqYqRigyyiatxv60lNq7Ma1xz0NpZ6NTMFEwHQYDVR0OBBYEFEnqs9Antsd+1kJu
igJyr3DLdIbUMB8GA1UdIwQYMBaAFEnqs9Antsd+1kJuigJyr3DLdIbUMA8GA1Ud
EwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSQAwRgIhAL2/QRRYQ+6Yog1D7xGHYaWC
4gyAKhGE9MQECcKJE5xUAiEAk0i6UaQdjyYzp904BymnS7/kZQJYNR46/YVE7tkS
wKk=
-----END CERTIFICATE-----
)",
                                R"(-----BEGIN CERTIFICATE-----
MIIBfDCCASOgAwIBAgIUOczQW+jeSUemJMqdapCjSl23vbMwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJcmVuZXdlZCAyMB4XDTI2MTEyNTIyNDcyNFoXDTI2MTIwNTIy
NDcyNFowFDESMBAGA1UEAwwJcmVuZXdlZCAyMFkwEwYHKoZIzj0CAQYIKoZIzj0D
AQcDQgAEzrqp4Ufh+igiOt494cctk8ZyLqJkfG57pZUpb1lylyAcfrMRWv0pqLx+
bqYqRigyyiatxv60lNq7Ma1xz0NpZ6NTMFEwHQYDVR0OBBYEFEnqs9Antsd+1kJu
igJyr3DLdIbUMB8GA1UdIwQYMBaAFEnqs9Antsd+1kJuigJyr3DLdIbUMA8GA1Ud
EwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDRwAwRAIgOnsOyWcslLheo3KCa4x2pr+1
ElusoYMMYySIElRotyMCIF3Bgf2jMyXLBwnVceiGEDBAbCoI+V8YWhI/ni/iJmsQ
-----END CERTIFICATE-----
)"};
  for (const char* pem : certificates)
    CHECK(to_hex(read_certificate(pem)->key_hash) ==
          "8619cfcb974ecf309c323e98180ea99c6b50dc0e18cdfa5c1453ff57128fc4a5");
}

TEST_CASE(
    "of a certificate its key's strength, its dates and its subject are read, and what is none is refused") {
  World world;
  Result<CertificateFacts> facts = read_certificate_file(world.leaf.certificate_file);
  REQUIRE(facts);
  CHECK(facts->subject == "CN=localhost");
  CHECK(facts->key_strength == 128);
  CHECK(facts->not_after - facts->not_before == 25h);
  CHECK(facts->valid_at(SystemClock().now()));
  CHECK_FALSE(facts->valid_at(facts->not_after + 1s));
  for (std::string_view bad :
       {"", "nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"})
    CHECK(read_certificate(bad).error().code == "CERTIFICATE_INVALID");
  CHECK(read_certificate_file("/nowhere").error().message.contains("/nowhere"));
}
