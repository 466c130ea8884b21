// Opens the stage of a page: the xr-frame component, which has the methods of a scene.
function open(page) {
  const scene = page.selectComponent('#stage');
  return scene ? Promise.resolve(scene) : Promise.reject(new Error('there is no xr-frame scene'));
}

module.exports = { open };
