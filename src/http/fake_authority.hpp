// SPDX-License-Identifier: Apache-2.0
// For tests: an authority of their own, in a folder that goes away with it. Issues certificates as PEM files.
// Header only, so that no product library contains it. A resource; any thread.
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "core/invariant.hpp"

namespace hubward::http {

// Seconds from now, and what a certificate may be used for ("serverAuth"; empty: anything).
struct CertificateTerms {
  long from = -3600;
  long until = 24L * 3600;
  std::string usage = {};
};

class FakeAuthority {
 public:
  struct Leaf {
    std::string certificate_file;
    std::string key_file;
  };

  FakeAuthority() : folder_(make_folder()), key_(make_key()) {
    certificate_ = make_certificate("Hubward test authority", "", key_.get());
    write_certificate(authority_file(), *certificate_);
  }
  ~FakeAuthority() {
    std::error_code ignored;  // a folder left in /tmp harms no test
    std::filesystem::remove_all(folder_, ignored);
  }
  FakeAuthority(const FakeAuthority&) = delete;
  FakeAuthority& operator=(const FakeAuthority&) = delete;

  std::string authority_file() const { return folder_ + "/authority.pem"; }
  const std::string& folder() const { return folder_; }

  // `names` as OpenSSL writes alternative names: "DNS:localhost,IP:127.0.0.1".
  Leaf issue(const std::string& file_name, const std::string& names = "DNS:localhost,IP:127.0.0.1,IP:::1") {
    return issue(file_name, names, CertificateTerms());
  }
  Leaf issue(const std::string& file_name, const std::string& names, const CertificateTerms& terms) {
    KeyPtr key = make_key();
    CertificatePtr leaf = make_certificate("localhost", names, key.get(), terms);
    Leaf files{folder_ + "/" + file_name + ".pem", folder_ + "/" + file_name + ".key"};
    write_certificate(files.certificate_file, *leaf);
    FilePtr file = open_file(files.key_file);
    invariant(PEM_write_PrivateKey(file.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1,
              "a test key is written");
    return files;
  }

 private:
  template <auto Free>
  struct Freed {
    template <class T>
    void operator()(T* owned) const {
      Free(owned);
    }
  };
  using KeyPtr = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
  using CertificatePtr = std::unique_ptr<X509, Freed<X509_free>>;
  using ExtensionPtr = std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION_free>>;
  using FilePtr = std::unique_ptr<std::FILE, Freed<std::fclose>>;

  static std::string make_folder() {
    std::string path = (std::filesystem::temp_directory_path() / "hubward-test-XXXXXX").string();
    invariant(::mkdtemp(path.data()) != nullptr, "a folder for test certificates");
    return path;
  }
  static KeyPtr make_key() {
    KeyPtr key(EVP_EC_gen("P-256"));
    invariant(key != nullptr, "a test key is made");
    return key;
  }
  static FilePtr open_file(const std::string& path) {
    FilePtr file(std::fopen(path.c_str(), "w"));
    invariant(file != nullptr, "a test file opens");
    ::chmod(path.c_str(), 0600);
    return file;
  }
  static void write_certificate(const std::string& path, X509& certificate) {
    FilePtr file = open_file(path);
    invariant(PEM_write_X509(file.get(), &certificate) == 1, "a test certificate is written");
  }
  static void extend(X509& certificate, int what, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, &certificate, &certificate, nullptr, nullptr, 0);
    ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, what, value.c_str()));
    invariant(extension && X509_add_ext(&certificate, extension.get(), -1) == 1,
              "a test certificate is extended");
  }

  // An authority when it has no names: then signed by itself.
  CertificatePtr make_certificate(const std::string& common_name, const std::string& names, EVP_PKEY* key,
                                  const CertificateTerms& terms = {}) {
    bool is_authority = names.empty();
    CertificatePtr certificate(X509_new());
    X509* raw = certificate.get();
    X509_set_version(raw, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(raw), ++serial_);
    X509_gmtime_adj(X509_getm_notBefore(raw), terms.from);
    X509_gmtime_adj(X509_getm_notAfter(raw), terms.until);
    X509_set_pubkey(raw, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(raw), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1, 0);
    X509_set_issuer_name(raw, X509_get_subject_name(is_authority ? raw : certificate_.get()));
    extend(*raw, NID_basic_constraints, is_authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
    extend(*raw, NID_key_usage, is_authority ? "critical,keyCertSign" : "critical,digitalSignature");
    if (!is_authority) extend(*raw, NID_subject_alt_name, names);
    if (!terms.usage.empty()) extend(*raw, NID_ext_key_usage, terms.usage);
    invariant(X509_sign(raw, key_.get(), EVP_sha256()) > 0, "a test certificate is signed");
    return certificate;
  }

  const std::string folder_;
  const KeyPtr key_;
  long serial_ = 0;
  CertificatePtr certificate_;
};

}  // namespace hubward::http
