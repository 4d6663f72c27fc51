// SPDX-License-Identifier: Apache-2.0
#include "http/head_parser.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/ascii.hpp"
#include "core/invariant.hpp"
#include "http/grammar.hpp"
#include "http/name_set.hpp"

namespace hubward::http {

namespace {

constexpr std::size_t longest_method = 20;

using Refused = std::unexpected<Refusal>;
using Checked = std::expected<void, Refusal>;

Refused bad(std::string_view message) {
  return Refused(Refusal{400, "BAD_REQUEST", message});
}

Refused too_many_fields() {
  return Refused(Refusal{431, "HEAD_TOO_LARGE", "there are too many header fields, or names in Connection"});
}

// Fields that no reader may see twice in a request, since readers differ on which one counts.
constexpr NameSet single_in_requests{"host", "authorization", "content-type"};

// A tab around their value is allowed by RFC 9112, but readers differ on what it makes of "chunked".
constexpr NameSet framing_fields{"content-length", "transfer-encoding"};

// A Connection field may not take away what decides the meaning of a request.
constexpr NameSet never_hop_by_hop{"host",           "authorization",     "content-type",
                                   "content-length", "transfer-encoding", "cookie"};

// Belongs to one connection, not to the message (RFC 9110 section 7.6.1).
constexpr NameSet hop_by_hop{"connection", "keep-alive",        "proxy-connection", "te",    "trailer",
                             "upgrade",    "transfer-encoding", "content-length",   "expect"};

// All that are more to this reader than a name and a value.
constexpr NameSet meaningful{
    "host",       "authorization",    "content-type", "content-length", "transfer-encoding", "connection",
    "keep-alive", "proxy-connection", "te",           "trailer",        "upgrade",           "expect"};

// What the fields say about the connection and the body, collected while they are read.
struct FieldReader {
  enum class Side { Request, Response };

  FieldReader(Side of, std::size_t most, std::string_view lines)
      : side(of), most_fields(most), all_lines(lines), has_opaque(holds_opaque(lines)) {
    fields.hold(lines);
  }

  const Side side;
  const std::size_t most_fields;
  const std::string_view all_lines;
  const bool has_opaque;  // anywhere in the lines
  Fields fields;
  Framing framing;
  bool close = false;
  bool expects_continue = false;
  std::size_t lines = 0;
  std::optional<std::string_view> host;
  std::vector<std::string_view> named_by_connection;

  Checked read();
  Checked read_line(std::string_view line);
  Checked read_meaningful(std::string_view line, std::string_view name, std::string_view value);
  Checked read_hop_by_hop(std::string_view name, std::string_view value);
  Checked read_content_length(std::string_view value);
  Checked read_transfer_encoding(std::string_view value);
  Checked read_connection(std::string_view value);
  Checked finish();
};

Checked FieldReader::read_content_length(std::string_view value) {
  if (framing.content_length) return bad("several Content-Length fields");
  framing.content_length = to_number(value);
  if (!framing.content_length) return bad("Content-Length is not one plain number");
  return {};
}

Checked FieldReader::read_transfer_encoding(std::string_view value) {
  if (framing.chunked) return bad("several Transfer-Encoding fields");
  if (!same_ignoring_case(value, "chunked"))
    return Refused(
        Refusal{501, "NOT_IMPLEMENTED", "the only Transfer-Encoding understood is chunked, alone"});
  framing.chunked = true;
  return {};
}

Checked FieldReader::read_connection(std::string_view value) {
  for (std::string_view rest = value; !rest.empty();) {
    std::size_t comma = rest.find(',');
    std::string_view option = trimmed(rest.substr(0, comma));
    rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
    if (option.empty()) continue;
    if (++lines > most_fields) return too_many_fields();  // each is looked for among the fields
    if (!is_token(option)) return bad("Connection holds something that is no name");
    if (never_hop_by_hop.has(option)) return bad("Connection names a field that is not hop-by-hop");
    if (same_ignoring_case(option, "close"))
      close = true;
    else if (!same_ignoring_case(option, "keep-alive"))
      named_by_connection.push_back(option);
  }
  return {};
}

Checked FieldReader::read_hop_by_hop(std::string_view name, std::string_view value) {
  if (same_ignoring_case(name, "content-length")) return read_content_length(value);
  if (same_ignoring_case(name, "transfer-encoding")) return read_transfer_encoding(value);
  if (same_ignoring_case(name, "connection")) return read_connection(value);
  if (side == Side::Response || !same_ignoring_case(name, "expect")) return {};
  if (expects_continue || !same_ignoring_case(value, "100-continue"))
    return Refused(Refusal{417, "EXPECTATION_FAILED", "the only expectation understood is 100-continue"});
  expects_continue = true;
  return {};
}

Checked FieldReader::read_line(std::string_view line) {
  if (++lines > most_fields) return too_many_fields();
  if (line.front() == ' ' || line.front() == '\t') return bad("a header field is folded over two lines");
  std::size_t colon = token_length(line);
  if (colon == 0 || colon == line.size() || line[colon] != ':') {
    if (!line.contains(':')) return bad("a header line has no colon");
    return bad("a header field's name is not a token");
  }
  std::string_view name = line.substr(0, colon);
  std::string_view value = trimmed(line.substr(colon + 1));
  if (has_opaque && side == Side::Request && !is_plain_value(value))
    return bad("a header field's value holds a byte that is not visible ASCII");
  if (meaningful.has(name)) return read_meaningful(line, name, value);
  fields.add_held(all_lines, name, value);
  return {};
}

Checked FieldReader::read_meaningful(std::string_view line, std::string_view name, std::string_view value) {
  if (framing_fields.has(name) && line.contains('\t'))
    return bad("a tab stands in Content-Length or Transfer-Encoding");
  if (side == Side::Request && single_in_requests.has(name)) {
    if (fields.find(name)) return bad("Host, Authorization or Content-Type stands twice");
    if (same_ignoring_case(name, "host")) host = value;
  }
  if (hop_by_hop.has(name)) return read_hop_by_hop(name, value);
  fields.add_held(all_lines, name, value);
  return {};
}

Checked FieldReader::finish() {
  if (framing.chunked && framing.content_length) return bad("both Content-Length and Transfer-Encoding");
  for (std::string_view name : named_by_connection) fields.remove(name);
  return {};
}

// Takes the first line off `text`, without its end.
std::string_view take_line(std::string_view& text) {
  std::size_t end = value_length(text);
  invariant(text.substr(end, 2) == "\r\n", "a head is read when the scan has found its lines");
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 2);
  return line;
}

Checked FieldReader::read() {
  for (std::string_view rest = all_lines; rest.size() > 2;) {
    Checked line = read_line(take_line(rest));
    if (!line) return line;
  }
  return finish();
}

// RFC 9112 section 3.2: uri-host [ ":" port ], never empty here.
bool is_host(std::string_view host) {
  if (host.starts_with('[')) {
    std::size_t end = host.find(']');
    if (end == std::string_view::npos || end < 3) return false;
    std::string_view address = host.substr(1, end - 1);
    bool is_address = std::ranges::all_of(
        address, [](char c) { return is(ByteClass::hexadecimal, c) || c == ':' || c == '.'; });
    if (!is_address) return false;
    host.remove_prefix(end + 1);
    if (host.empty()) return true;
    if (host.front() != ':') return false;
    host.remove_prefix(1);
    return host.size() <= 5 && to_number(host);
  }
  std::size_t colon = host.find(':');
  std::string_view name = host.substr(0, colon);
  bool is_name = !name.empty() && std::ranges::all_of(name, [](char c) {
    return is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_';
  });
  if (!is_name || colon == std::string_view::npos) return is_name;
  std::string_view port = host.substr(colon + 1);
  return port.size() <= 5 && to_number(port);
}

Checked check_method(std::string_view method) {
  if (!is_token(method)) return bad("the method is not a token");
  if (method.size() > longest_method || std::ranges::any_of(method, [](char c) { return c != to_upper(c); }))
    return Refused(Refusal{501, "NOT_IMPLEMENTED", "methods are short and in upper case"});
  if (method == "CONNECT" || method == "TRACE")
    return Refused(Refusal{501, "NOT_IMPLEMENTED", "CONNECT and TRACE are not served"});
  return {};
}

Checked check_target(std::string_view target, const HeadLimits& limits) {
  if (target.size() > limits.target_bytes)
    return Refused(Refusal{414, "TARGET_TOO_LONG", "the request target is too long"});
  if (target.empty() || target.front() != '/')
    return bad("the request target must be a path that begins with a slash");
  for (std::size_t i = 0; i < target.size(); ++i) {
    if (!is(ByteClass::target, target[i])) return bad("the request target holds a byte that must be encoded");
    if (target[i] != '%') continue;
    std::string_view digits = target.substr(i + 1, 2);
    if (digits.size() != 2 || !all(ByteClass::hexadecimal, digits))
      return bad("a percent sign in the request target is not followed by two hexadecimal digits");
  }
  return {};
}

bool looks_like_version(std::string_view version) {
  return version.size() == 8 && version.starts_with("HTTP/") && is_digit(version[5]) && version[6] == '.' &&
         is_digit(version[7]);
}

Checked read_request_line(std::string_view line, RequestHead& head, const HeadLimits& limits) {
  std::size_t first = line.find(' ');
  std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last)
    return bad("the request line is not method, target and version");
  head.method = line.substr(0, first);
  head.target = line.substr(first + 1, last - first - 1);
  std::string_view version = line.substr(last + 1);
  if (!is_token(head.method) || !looks_like_version(version))
    return bad("the request line is not method, target and version");
  if (version != "HTTP/1.1")
    return Refused(Refusal{505, "VERSION_NOT_SUPPORTED", "only HTTP/1.1 is spoken here"});
  Checked method = check_method(head.method);
  return method ? check_target(head.target, limits) : method;
}

// "HTTP/1.1 200 OK"; the reason may be empty, the space before it may not be missing.
Checked read_status_line(std::string_view line, ResponseHead& head, bool& is_old) {
  std::string_view version = line.substr(0, std::min<std::size_t>(8, line.size()));
  is_old = version == "HTTP/1.0";
  if (version != "HTTP/1.1" && !is_old) return bad("the answer is not HTTP/1.1");
  std::string_view rest = line.substr(8);
  if (rest.size() < 5 || rest[0] != ' ' || rest[4] != ' ') return bad("the answer has no plain status line");
  std::optional<std::uint64_t> status = to_number(rest.substr(1, 3));
  if (!status || *status < 100 || *status > 599)
    return bad("the answer's status is no number from 100 to 599");
  if (!is_field_value(rest.substr(5))) return bad("the answer's reason holds a control byte");
  head.status = static_cast<int>(*status);
  return {};
}

}  // namespace

std::expected<std::optional<std::size_t>, Refusal> HeadScan::scan(std::string_view bytes,
                                                                  const HeadLimits& limits) {
  std::string_view within = bytes.substr(0, limits.bytes);
  if (std::size_t size = scan_lines(within)) return size;
  for (; seen_ < within.size(); ++seen_) {
    char c = within[seen_];
    bool after_cr = seen_ > line_start_ && within[seen_ - 1] == '\r';
    if (c == '\n') {
      if (!after_cr) return bad("a line ends with a bare line feed");
      if (seen_ == line_start_ + 1) {
        if (line_start_ == 0) return bad("an empty line stands before the request");
        return seen_ + 1;
      }
      line_start_ = seen_ + 1;
    } else if (after_cr) {
      return bad("a carriage return stands without a line feed");
    } else if (c != '\r' && !is(ByteClass::value | ByteClass::opaque, c)) {
      return bad("the head holds a control byte");
    }
  }
  if (bytes.size() < limits.bytes) return std::nullopt;
  if (line_start_ == 0)
    return Refused(Refusal{414, "TARGET_TOO_LONG", "the request line alone is longer than a head may be"});
  return Refused(Refusal{431, "HEAD_TOO_LARGE", "the head is too large"});
}

// Most heads arrive whole and are well formed: whole lines of plain bytes are passed at once, and whatever is
// not one is left to the loop over bytes, which knows what is wrong with it. The head's size when it has
// ended.
std::size_t HeadScan::scan_lines(std::string_view within) {
  while (seen_ == line_start_) {
    std::size_t end = seen_ + value_length(within.substr(seen_));
    bool is_line = within.substr(end, 2) == "\r\n";
    bool is_empty = end == seen_;
    if (!is_line || (is_empty && line_start_ == 0)) return 0;
    seen_ = line_start_ = end + 2;
    if (is_empty) return seen_;
  }
  return 0;
}

std::expected<RequestHead, Refusal> read_request_head(std::string_view head, const HeadLimits& limits) {
  RequestHead result;
  Checked line = read_request_line(take_line(head), result, limits);
  if (!line) return Refused(line.error());
  FieldReader reader(FieldReader::Side::Request, limits.fields, head);
  Checked fields = reader.read();
  if (!fields) return Refused(fields.error());
  if (!reader.host) return bad("Host is missing");
  if (!is_host(*reader.host)) return bad("Host is not a host name with an optional port");
  result.fields = std::move(reader.fields);
  result.framing = reader.framing;
  result.keep_alive = !reader.close;
  result.expects_continue = reader.expects_continue;
  return result;
}

std::expected<ResponseHead, Refusal> read_response_head(std::string_view head, const HeadLimits& limits) {
  ResponseHead result;
  bool is_old = false;
  Checked line = read_status_line(take_line(head), result, is_old);
  if (!line) return Refused(line.error());
  FieldReader reader(FieldReader::Side::Response, limits.fields, head);
  Checked fields = reader.read();
  if (!fields) return Refused(fields.error());
  if (is_old && reader.framing.chunked) return bad("an HTTP/1.0 answer with Transfer-Encoding");
  if (result.status == 101) return bad("the answer switches protocols, which was not asked");
  result.fields = std::move(reader.fields);
  result.framing = reader.framing;
  result.keep_alive = !reader.close && !is_old;
  return result;
}

}  // namespace hubward::http
