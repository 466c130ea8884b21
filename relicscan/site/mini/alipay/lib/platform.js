// What pages ask of the platform.
const api = my;

module.exports = {
  go: (url) => api.navigateTo({ url }),
  title: (title) => api.setNavigationBar({ title }),
  stored: (key) => api.getStorageSync({ key }).data,
  store: (key, data) => api.setStorageSync({ key, data }),
  copy: (text) => api.setClipboard({ text }),
  system: () => api.getSystemInfoSync(),
};
