// What pages ask of the platform.
const api = wx;

module.exports = {
  go: (url) => api.navigateTo({ url }),
  title: (title) => api.setNavigationBarTitle({ title }),
  stored: (key) => api.getStorageSync(key),
  store: (key, data) => api.setStorageSync(key, data),
  copy: (data) => api.setClipboardData({ data }),
  system: () => api.getSystemInfoSync(),
};
