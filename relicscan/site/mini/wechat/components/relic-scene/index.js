// A relic in xr-frame: see lib/stage.js for what a scene is. The model is scaled to a diagonal of
// one, so that the camera's near and far planes, which stand in index.wxml, hold for every size.
const { diagonalOf } = require('../../lib/orbit.js');

let count = 0;

Component({
  methods: {
    handleReady({ detail }) {
      const system = wx.getXrFrameSystem();
      this.scene = detail.value;
      this.holder = this.scene.getElementById('holder');
      this.eyeAt = this.scene.getElementById('eye').getComponent(system.Transform).position;
      this.focusAt = this.scene.getElementById('focus').getComponent(system.Transform).position;
      this.triggerEvent('ready');
    },

    show(url, bounds) {
      count += 1;
      const assetId = `relic-${count}`;
      const scale = 1 / diagonalOf(bounds);
      return this.scene.assets.loadAsset({ type: 'gltf', assetId, src: url }).then(() => {
        const model = this.scene.createElement(wx.getXrFrameSystem().XRGLTF, {
          model: assetId, scale: `${scale} ${scale} ${scale}`,
        });
        this.holder.addChild(model);
        this.drop();
        this.shown = { model, assetId };
      });
    },

    look(position, target, bounds) {
      const scale = 1 / diagonalOf(bounds);
      this.eyeAt.setValue(position[0] * scale, position[1] * scale, position[2] * scale);
      this.focusAt.setValue(target[0] * scale, target[1] * scale, target[2] * scale);
    },

    drop() {
      if (!this.shown) return;
      this.holder.removeChild(this.shown.model);
      this.scene.assets.releaseAsset('gltf', this.shown.assetId);
      this.shown = null;
    },

    close() {
      if (this.scene) this.drop();
    },
  },
});
