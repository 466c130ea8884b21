"""The exhibition as a mini-programme of Alipay or WeChat: pages and texts inside, models by URL."""
