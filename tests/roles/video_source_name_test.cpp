// Names of video sources: no passwords, no control characters, bounded.
#include <gtest/gtest.h>

#include <string>

#include "roles/video/source_name.h"

namespace edge {
namespace {

TEST(SourceName, LeavesHarmlessNamesAlone) {
  for (const std::string name :
       {"media/sample.mp4", "/dev/video0", "synthetic:street?seed=3&noise=2", "rtsp://192.168.1.30/stream1",
        "rtsp://host:8554/a?x=1&channel=2#t", "rtsp://[fe80::1]:554/a", "http://host/feed?mail=a@b",
        "user@host.mp4", "-", "http://host/", "://", "a=b"}) {
    EXPECT_EQ(source_name(name), name);
    EXPECT_EQ(hide_passwords(name), name);
    EXPECT_EQ(password_fault(name), PasswordFault::none) << name;
  }
}

TEST(SourceName, HidesUserAndPassword) {
  EXPECT_EQ(source_name("rtsp://admin:secret@10.0.0.2:554/path"), "rtsp://***@10.0.0.2:554/path");
  EXPECT_EQ(source_name("rtsp://tokenonly@cam/1"), "rtsp://***@cam/1");
  EXPECT_EQ(source_name("rtsp://admin:p@ss:w@cam/1"), "rtsp://***@cam/1");
  EXPECT_EQ(source_name("rtsp://admin:two words@cam/1"), "rtsp://***@cam/1");
  EXPECT_EQ(source_name("rtsp://admin:pa'ss@cam/1"), "rtsp://***@cam/1");
}

TEST(SourceName, HidesValuesOfSecretKeys) {
  EXPECT_EQ(source_name("http://cam/v.cgi?user=u&pwd=x1y2&res=8"), "http://cam/v.cgi?user=u&pwd=***&res=8");
  EXPECT_EQ(source_name("http://cam/v?loginPass=x"), "http://cam/v?loginPass=***");
  EXPECT_EQ(source_name("http://u:p@cam/v?Access_Token=x&key=y"),
            "http://***@cam/v?Access_Token=***&key=***");
  EXPECT_EQ(source_name("rtsp://cam/user=admin&password=tlJw_6&channel=1.sdp?real_stream"),
            "rtsp://cam/user=admin&password=***&channel=1.sdp?real_stream");
  EXPECT_EQ(source_name("http://cam/v?keyframe=1&password="), "http://cam/v?keyframe=1&password=");
}

TEST(SourceName, HidesPasswordsThatAddressesCannotHave) {
  EXPECT_EQ(source_name("rtsp://admin:pa#ss@cam/1"), "rtsp://***@cam/1");
  EXPECT_EQ(source_name("rtsp://admin:pa/s?s@cam/1"), "rtsp://***@cam/1");
  EXPECT_EQ(source_name("rtsp://admin:12/34@cam/1"), "rtsp://***@cam/1");
  EXPECT_EQ(password_fault("rtsp://admin:pa#ss@cam/1"), PasswordFault::certain);
  EXPECT_EQ(password_fault("rtsp://admin:12/34@cam/1"), PasswordFault::possible);
  EXPECT_EQ(password_fault("rtsp://admin:pa%23ss@cam/1"), PasswordFault::none);
}

TEST(SourceName, IsOneShortPrintableLine) {
  EXPECT_EQ(source_name("a\nb\x1b[2J.mp4"), "a\\nb\\x1b[2J.mp4");
  EXPECT_LT(source_name(std::string(100000, 'x')).size(), 300U);
}

TEST(HidePasswords, FindsThemInOtherTexts) {
  EXPECT_EQ(hide_passwords("[rtsp] rtsp://a:b@c/d: 401, see 'http://e:f@g/?token=h'."),
            "[rtsp] rtsp://***@c/d: 401, see 'http://***@g/?token=***'.");
  const std::string source = "rtsp://admin:two words@cam/1?pwd=abcd";
  EXPECT_EQ(hide_passwords("cannot open " + source + ": tried admin:two words, two words, abcd", source),
            "cannot open rtsp://***@cam/1?pwd=***: tried ***, ***, ***");
}

}  // namespace
}  // namespace edge
