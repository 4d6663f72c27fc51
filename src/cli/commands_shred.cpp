// SPDX-License-Identifier: Apache-2.0
// connection shred: destroys a connection's key and writes down what shows it.
#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <utility>

#include "cli/session.hpp"
#include "cli/text.hpp"

namespace hubward::cli {
namespace {

std::string marked(const Json& sentences, std::string_view mark) {
  std::string text;
  for (const Json& sentence : sentences.items()) text += std::string(mark) + shown(sentence) + "\n";
  return text;
}

std::string certificate_text(const Json& certificate) {
  std::string text = "CERTIFICATE OF SHREDDING\n\n" + shown(certificate["sentence"]) + "\n\n";
  text += facts(certificate, {{"connection", "connection"},
                              {"app", "app"},
                              {"account", "account"},
                              {"shredded", "shredded_at"},
                              {"by", "by"},
                              {"data key", "data_keys"},
                              {"root key", "root_keys"},
                              {"hubward", "version"}});
  const Json& journal = certificate["journal"];
  text += journal.has("trouble") ? "journal     NOT RECORDED: " + shown(journal["trouble"]) + "\n"
                                 : "journal     " + shown(journal["record"]) + ", by block " +
                                       shown(journal["block"]) + ", hash " + shown(journal["hash"]) + "\n";
  text += "\nWhat was tried:\n";
  for (const Json& check : certificate["checks"].items())
    text += (check["holds"].boolean().value_or(false) ? "  holds     " : "  FAILS     ") +
            shown(check["what"]) + ": " + shown(check["detail"]) + "\n";
  for (const Json& file : certificate["files"].items())
    text += "            " + shown(file["file"]) + ", " + shown(file["bytes"]) +
            " bytes: " + (file["found"].integer() == 0 ? "nothing" : "FOUND") + "\n";
  text += "\nAt HubSpot:\n" + marked(certificate["hubspot"]["done"], "  done      ") +
          marked(certificate["hubspot"]["not_done"], "  NOT DONE  ") +
          marked(certificate["hubspot"]["remains"], "  remains   ");
  return text + "\nOut of reach:\n" + marked(certificate["out_of_reach"], "  ");
}

// Made before anything is destroyed, so that a certificate that cannot be written stops the command in time.
class NewFile {
 public:
  static Result<NewFile> create(const std::string& path) {
    NewFile file;
    file.path_ = path;
    file.stream_.reset(std::fopen(path.c_str(), "wxe"));
    if (file.stream_) return file;
    return invalid("FILE", path + ": cannot be made (" + std::strerror(errno) + "); nothing was shredded");
  }
  Result<void> fill(const std::string& text) {
    bool written = std::fwrite(text.data(), 1, text.size(), stream_.get()) == text.size();
    written = std::fclose(stream_.release()) == 0 && written;
    if (written) return {};
    return failure("FILE", Fault::Us, Retry::Never,
                   path_ + ": the certificate could not be written; it follows here");
  }
  void discard() {
    stream_.reset();
    std::remove(path_.c_str());
  }

 private:
  struct Closer {
    void operator()(std::FILE* stream) const { std::fclose(stream); }
  };
  std::string path_;
  std::unique_ptr<std::FILE, Closer> stream_;
};

int shred(Session& session) {
  const std::string& name = session.words.name;
  if (session.words.confirm != name) {
    session.streams.err("hubward: shredding cannot be undone: confirm it with --confirm " + shown(name) +
                        "\n");
    return WrongUse;
  }
  std::vector<NewFile> files;
  if (!session.words.certificate.empty()) {
    for (const char* suffix : {".json", ".txt"}) {
      Result<NewFile> file = NewFile::create(session.words.certificate + suffix);
      if (!file) {
        for (NewFile& made : files) made.discard();
        return session.complain(file.error());
      }
      files.push_back(std::move(*file));
    }
  }
  Result<Json> certificate = session.ask({.method = "POST",
                                          .target = "/api/v1/connections/" + encoded(name) + "/shred",
                                          .body = Json::object({{"confirm", session.words.confirm}}),
                                          .secret = {}});
  if (!certificate) {
    for (NewFile& made : files) made.discard();
    return session.complain(certificate.error());
  }
  bool fine = (*certificate)["proved"].boolean().value_or(false) && !(*certificate)["journal"].has("trouble");
  const std::string contents[] = {certificate->dump() + "\n", certificate_text(*certificate)};
  for (std::size_t i = 0; i < files.size(); ++i) {
    Result<void> filled = files[i].fill(contents[i]);
    if (!filled) session.complain(filled.error());
    fine = fine && filled;
  }
  session.print(*certificate, certificate_text);
  return fine ? Done : Failed;
}

}  // namespace

void add_shred_command(CLI::App& connections, Session& session) {
  CLI::App* shredding = command(
      connections, session, "shred", "Destroy a connection's data key, prove it, and write a certificate",
      "hubward connection shred acme-prod --confirm acme-prod --certificate acme-prod-shredded");
  shredding->add_option("name", session.words.name, "The connection")->required();
  shredding
      ->add_option("--confirm", session.words.confirm,
                   "The connection's name once more: this cannot be undone")
      ->required()
      ->type_name("NAME");
  shredding
      ->add_option("--certificate", session.words.certificate,
                   "Write the certificate to PATH.json and PATH.txt, two new files")
      ->type_name("PATH");
  shredding->callback([&session] { session.chosen = [&session] { return shred(session); }; });
}

}  // namespace hubward::cli
