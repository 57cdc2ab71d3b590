"""What crawlers, browsers and other apps' browsers say of themselves."""

from __future__ import annotations

_MOZILLA = "Mozilla/5.0 "
_CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/137.0.0.0 "
_IPHONE = _MOZILLA + (
    "(iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
)
_ANDROID = _MOZILLA + (
    "(Linux; Android 15; Pixel 8 Build/AP4A.250205.002; wv) AppleWebKit/537.36 "
    "(KHTML, like Gecko) Version/4.0 Chrome/136.0.7103.60 Mobile Safari/537.36 "
)

CRAWLERS = {
    "facebook": "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "meta": "meta-externalagent/1.1 (+https://developers.facebook.com/docs/sharing/webmasters/crawler)",
    "meta-fetcher": "meta-externalfetcher/1.1",
    "twitter": "Twitterbot/1.0",
    "discord": _MOZILLA + "(compatible; Discordbot/2.0; +https://discordapp.com)",
    "slack": "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "slack-image": "Slack-ImgProxy (+https://api.slack.com/robots) Slackbot 1.0",
    "linkedin": "LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)",
    "whatsapp": "WhatsApp/2.23.20.0 A",
    "telegram": "TelegramBot (like TwitterBot)",
    "signal": "WhatsApp/2",
    "google": _MOZILLA + "(compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "bing": _MOZILLA + "(compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "apple": _IPHONE
    + "Version/17.4 Safari/604.1 (Applebot/0.1; +http://www.apple.com/go/applebot)",
    "imessage": _MOZILLA + "(Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, like "
    "Gecko) Version/9.0.1 Safari/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0",
    "skype": _MOZILLA
    + "(Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5 skype-url-preview@microsoft.com",
    "mastodon": "Mastodon/4.3.1 (http.rb/5.2.0; +https://mamot.fr/) Bot",
    "bluesky": _MOZILLA + "(compatible; Bluesky Cardyb/1.1; +mailto:support@bsky.app)",
    "embedly": _MOZILLA + "(compatible; Embedly/0.2; +http://support.embed.ly/)",
    "curl": "curl/8.5.0",
    "nothing": "",
}
BROWSERS = {
    "firefox": _MOZILLA + "(X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "chrome": _MOZILLA + "(Windows NT 10.0; Win64; x64) " + _CHROME + "Safari/537.36",
    "safari": _IPHONE + "Version/18.5 Mobile/15E148 Safari/604.1",
    "android": _MOZILLA + "(Linux; Android 10; K) " + _CHROME + "Mobile Safari/537.36",
    "cubot": _MOZILLA + "(Linux; Android 11; CUBOT X50) " + _CHROME + "Mobile Safari/537.36",
}
IN_APP = {
    "Facebook-ios": _IPHONE
    + "Mobile/15E148 [FBAN/FBIOS;FBAV/516.0.0.40.101;FBBV/739141342;FBDV/iPhone14,5;FBLC/fr_CA]",
    "Messenger-ios": _IPHONE + "Mobile/15E148 [FBAN/MessengerForiOS;FBAV/511.0.0.33.109]",
    "Instagram-ios": _IPHONE
    + "Mobile/15E148 Instagram 385.0.0.35.75 (iPhone14,5; iOS 18_5; fr_CA)",
    "LINE-ios": _IPHONE + "Safari Line/15.7.0",
    "LinkedIn-ios": _IPHONE + "Mobile/15E148 [LinkedInApp]/9.31.1234",
    "Pinterest-ios": _IPHONE + "Mobile/15E148 [Pinterest/iOS]",
    "Facebook-android": _ANDROID + "[FB_IAB/FB4A;FBAV/516.0.0.51.109;IABMV/1;]",
    "Messenger-android": _ANDROID + "[FB_IAB/Orca-Android;FBAV/512.0.0.50.109;]",
    "Instagram-android": _ANDROID + "Instagram 384.0.0.46.83 Android (35/15; 420dpi; 1080x2400)",
    "TikTok-android": _ANDROID + "musical_ly_2024007030 BytedanceWebview/d8a21c6",
    "webview-android": _ANDROID.strip(),
}
