// SPDX-License-Identifier: Apache-2.0
#include "grants/pages.hpp"

#include "core/encoding.hpp"
#include "crypto/digest.hpp"

namespace hubward::grants {
namespace {

constexpr std::string_view style =
    "body{font:16px/1.5 system-ui,sans-serif;max-width:36rem;margin:4rem auto;padding:0 1rem;color:#1b2733}"
    "h1{font-size:1.4rem}p.next{border-left:4px solid #1b2733;padding-left:.8rem}"
    "button{font:inherit;padding:.5rem 1.2rem;cursor:pointer}"
    "@media(prefers-color-scheme:dark){body{background:#12181f;color:#e6edf3}p.next{border-color:#e6edf3}}";

// Only this very style sheet: nothing else on the page can run, load or be framed. Browsers ask it about
// every redirect that follows a form, and HubSpot sends people on to the host of their region.
std::string content_policy(const Page& page) {
  std::string forms = page.confirm_at.empty() ? "'none'" : "'self' https:";
  return "default-src 'none'; style-src 'sha256-" + to_base64(crypto::sha256(bytes_of(style))) +
         "'; base-uri 'none'; form-action " + forms + "; frame-ancestors 'none'";
}

void add_discretion(http::Response& response) {
  response.fields.add("Cache-Control", "no-store");
  response.fields.add("Referrer-Policy", "no-referrer");
  response.fields.add("X-Content-Type-Options", "nosniff");
}

}  // namespace

std::string html_escaped(std::string_view text) {
  std::string result;
  for (char c : text) {
    switch (c) {
      case '&': result += "&amp;"; break;
      case '<': result += "&lt;"; break;
      case '>': result += "&gt;"; break;
      case '"': result += "&quot;"; break;
      case '\'': result += "&#39;"; break;
      default: result += c;
    }
  }
  return result;
}

http::Response to_response(const Page& page) {
  std::string html = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">";
  html.append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>");
  html.append(html_escaped(page.title)).append("</title><style>").append(style);
  html.append("</style></head>\n<body><h1>").append(html_escaped(page.title)).append("</h1>\n");
  for (const std::string& sentence : page.sentences)
    html.append("<p>").append(html_escaped(sentence)).append("</p>\n");
  if (!page.next_step.empty())
    html.append("<p class=\"next\">").append(html_escaped(page.next_step)).append("</p>\n");
  if (!page.confirm_at.empty())
    html.append("<form method=\"post\" action=\"")
        .append(html_escaped(page.confirm_at))
        .append("\"><button>Continue to HubSpot</button></form>\n");
  html.append("</body></html>\n");
  http::Response response = http::text_response(page.status, "text/html; charset=utf-8", std::move(html));
  add_discretion(response);
  response.fields.add("Content-Security-Policy", content_policy(page));
  return response;
}

http::Response redirect_to(std::string_view address) {
  http::Response response;
  response.status = 302;
  response.fields.add("Location", address);
  add_discretion(response);
  return response;
}

}  // namespace hubward::grants
